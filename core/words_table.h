/*
 * What kind of character each code point is to the analyser, and its lower case.
 */
#ifndef CORE_WORDS_TABLE_H
#define CORE_WORDS_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* In Unicode's words: */
enum words_class {
	WORDS_OTHER,
	WORDS_LETTER,		/* Word_Break=ALetter, Hangul too */
	WORDS_HEBREW,		/* Hebrew_Letter */
	WORDS_NUMBER,		/* Numeric */
	WORDS_DIGIT,		/* the same, 0 to 9: may stand on a keycap */
	WORDS_KATAKANA,
	WORDS_CONNECTOR,	/* ExtendNumLet */
	WORDS_MID_LETTER,	/* MidLetter, MidNum, MidNumLet, Single_Quote, Double_Quote */
	WORDS_MID_NUMBER,
	WORDS_MID_BOTH,
	WORDS_QUOTE,
	WORDS_DOUBLE_QUOTE,
	WORDS_IDEOGRAPH,	/* Script=Han, Hiragana: each is a word */
	WORDS_COMPLEX,		/* Line_Break=Complex_Context: Thai, Lao, Khmer, Myanmar */
	WORDS_COMPLEX_EXTEND,	/* the same and Extend */
	WORDS_EXTEND,		/* Extend, Format: goes with what stands before it */
	WORDS_JOINER,		/* U+200D; it and those below are Extend, too */
	WORDS_TEXT_SELECTOR,	/* U+FE0E */
	WORDS_EMOJI_SELECTOR,	/* U+FE0F */
	WORDS_KEYCAP,		/* U+20E3 */
	WORDS_TAG,
	WORDS_TAG_END,
	WORDS_KEYCAP_BASE,	/* # and * */
	WORDS_REGIONAL,		/* Regional_Indicator: two are a flag */
	WORDS_MODIFIER,		/* Emoji_Modifier */
	WORDS_EMOJI_BASE,	/* Emoji_Modifier_Base */
	WORDS_EMOJI,
	WORDS_EMOJI_LETTER,	/* Emoji and ALetter */
};

struct words_range {
	uint32_t	from, to;
	uint8_t		class;
};

/* Each step'th code point has its lower case so far from it. */
struct words_lower_run {
	uint32_t	from, to;
	uint8_t		step;
	int32_t		distance;
};

extern const struct words_range		words_ranges[];
extern const size_t			n_words_ranges;
extern const struct words_lower_run	words_lower_runs[];
extern const size_t			n_words_lower_runs;

#endif
