/* links: sipd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/g711.h"
#include "core/language.h"
#include "core/rtp.h"
#include "sipd/boot.h"
#include "sipd/prompt_files.h"
#include "sipd/prompts.h"
#include "sipd/resample.h"

/* What a receiver makes of a code, as ITU-T G.711 has it. */
static int
ulaw_value(uint8_t code)
{
	int	size, bits = ~code & 0xff;

	size = (((bits & 15) << 3) + 132) << (bits >> 4 & 7);
	return bits & 0x80 ? 132 - size : size - 132;
}

static int
alaw_value(uint8_t code)
{
	int	bits = code ^ 0x55, segment = bits >> 4 & 7, size = (bits & 15) << 4;

	size = segment == 0 ? size + 8 : (size + 0x108) << (segment - 1);
	return bits & 0x80 ? size : -size;
}

/* Greater samples have greater values; no sample is nearer to the value of another code of its segment than to that of its own. */
static void
g711_is_nearest(uint8_t (*code)(int16_t), int (*value)(uint8_t))
{
	int	before = -65536;

	for (int s = -32768; s <= 32767; s++) {
		uint8_t	own = code((int16_t)s);
		int	off = abs(value(own) - s);

		if (value(own) < before)
			fail_msg("%d becomes %d, after %d", s, value(own), before);
		before = value(own);
		for (int c = own & 0xf0; c <= (own | 0x0f); c++)
			if (off > abs(value((uint8_t)c) - s) + 1)
				fail_msg("%d becomes %d, not %d", s, value(own), value((uint8_t)c));
	}
}

static void
g711(void **state)
{
	(void)state;
	g711_is_nearest(g711_ulaw, ulaw_value);
	g711_is_nearest(g711_alaw, alaw_value);
	for (int c = 0; c < 256; c++) {		/* 0x7f is minus nothing */
		assert_int_equal(g711_ulaw((int16_t)ulaw_value((uint8_t)c)), c == 0x7f ? 0xff : c);
		assert_int_equal(g711_alaw((int16_t)alaw_value((uint8_t)c)), c);
	}
	assert_int_equal(g711_ulaw(0), 0xff);
	assert_int_equal(g711_alaw(0), 0xd5);
	assert_int_equal(g711_ulaw(INT16_MIN), 0x00);
	assert_int_equal(g711_ulaw(INT16_MAX), 0x80);
	assert_int_equal(g711_alaw(INT16_MIN), 0x2a);
	assert_int_equal(g711_alaw(INT16_MAX), 0xaa);
}

static void
rtp_headers(void **state)
{
	struct rtp	r = { .payload_type = 8, .sequence = 0xfffe, .timestamp = 0xffffffa0, .ssrc = 0x01020304 };
	uint8_t		h[RTP_HEADER];

	(void)state;
	rtp_header(&r, RTP_SAMPLES, h);
	assert_memory_equal(h, "\x80\x88\xff\xfe\xff\xff\xff\xa0\x01\x02\x03\x04", RTP_HEADER);
	rtp_header(&r, RTP_SAMPLES, h);
	assert_memory_equal(h, "\x80\x08\xff\xff\x00\x00\x00\x40\x01\x02\x03\x04", RTP_HEADER);
	rtp_header(&r, RTP_SAMPLES, h);
	assert_memory_equal(h, "\x80\x08\x00\x00\x00\x00\x00\xe0\x01\x02\x03\x04", RTP_HEADER);
}

/* A clock that comes late by up to 19 ms each time: after an hour the schedule is where it began. */
static void
pace_does_not_drift(void **state)
{
	struct rtp_pace	p = { .started_ms = 1000 };
	int64_t		now = 1000;
	uint32_t	packets = 0, seed = 1;

	(void)state;
	assert_int_equal(rtp_due(&p, 999), 0);
	while (packets < 180000) {
		uint32_t	due = rtp_due(&p, now);

		assert_in_range(due, 0, 2);
		p.sent += due;
		packets += due;
		assert_int_equal(rtp_next_at(&p), 1000 + 20 * (int64_t)packets);
		seed = seed * 1103515245 + 12345;
		now = rtp_next_at(&p) + (seed >> 16) % 20;
	}
	assert_int_equal(p.started_ms, 1000);
}

static void
pace_after_a_stand_still(void **state)
{
	struct rtp_pace	p = { .started_ms = 0, .sent = 10 };

	(void)state;
	assert_int_equal(rtp_due(&p, 200 + 60), 4);		/* what was late for a moment is made up */
	p.sent = 14;
	assert_int_equal(rtp_due(&p, 280 + 100), 6);
	assert_int_equal(rtp_due(&p, 280 + 5000), 1);		/* not 250 packets at once */
	p.sent++;
	assert_int_equal(rtp_next_at(&p), 5300);
	assert_int_equal(rtp_due(&p, 5299), 0);
}

static int
wanted(const char *accept, const char *language)
{
	return language_wanted(span_of(accept), language);
}

static void
languages(void **state)
{
	(void)state;
	assert_true(wanted("it", "it") > 0);
	assert_int_equal(wanted("it", "en"), 0);
	assert_int_equal(wanted("", "en"), 0);
	assert_true(wanted("it-CH, en;q=0.9", "it") > wanted("it-CH, en;q=0.9", "en"));
	assert_true(wanted("da, en-gb;q=0.8, en;q=0.7", "en") > wanted("da, en-gb;q=0.8, en;q=0.7", "it"));
	assert_true(wanted("it ; q=0.2 , en ;q=0.35", "en") > wanted("it ; q=0.2 , en ;q=0.35", "it"));
	assert_true(wanted("IT", "it-CH") > 0);
	assert_true(wanted("it-CH", "it-CH") > wanted("it-CH", "it"));
	assert_int_equal(wanted("it;q=0", "it"), 0);
	assert_int_equal(wanted("it;q=0.000", "it"), 0);
	assert_int_equal(wanted("italian", "it"), 0);
	assert_int_equal(wanted("i", "it"), 0);
	assert_int_equal(wanted("*", "it"), 0);
	assert_int_equal(wanted(",,;;=,q=1,;q=1", "it"), 0);
	assert_int_equal(wanted("it;q=banana", "it"), 0);
	assert_true(language_is_tag("zh-Hant-TW"));
	assert_false(language_is_tag(""));
	assert_false(language_is_tag(".."));
	assert_false(language_is_tag("../en"));
	assert_false(language_is_tag("abcdefgh-abcdefgh"));
}

/* How much of a wave is the tone of that frequency, 0 to 1. */
static double
share_of(const int16_t *wave, size_t n, double hertz)
{
	double	re = 0, im = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		re += wave[i] * cos(2 * M_PI * hertz * (double)i / PROMPT_RATE);
		im += wave[i] * sin(2 * M_PI * hertz * (double)i / PROMPT_RATE);
		all += (double)wave[i] * wave[i];
	}
	return all > 0 ? 2 * (re * re + im * im) / ((double)n * all) : 0;
}

/* 440 Hz stay 440 Hz as loud as they were, whatever the rate; what a telephone can't carry does not come back as another tone. */
static void
resampling(void **state)
{
	static const unsigned	rates[] = { 4000, 8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000 };

	(void)state;
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		size_t	 n = rates[i], made = resample_length(n, rates[i], PROMPT_RATE);
		float	*in = calloc(n, sizeof *in);
		int16_t	*out = calloc(made, sizeof *out);
		double	 loud = 0;

		assert_in_range(made, PROMPT_RATE - 1, PROMPT_RATE);
		for (size_t j = 0; j < n; j++)
			in[j] = (float)(0.5 * sin(2 * M_PI * 440 * (double)j / rates[i]));
		resample(in, n, rates[i], PROMPT_RATE, out);
		if (share_of(out + 500, 6000, 440) < 0.999)
			fail_msg("at %u: %f", rates[i], share_of(out + 500, 6000, 440));
		for (size_t j = 500; j < 6500; j++)
			loud = fabs((double)out[j]) > loud ? fabs((double)out[j]) : loud;
		assert_true(loud > 16000 && loud < 16800);
		for (size_t j = 0; j < n; j++)
			in[j] = (float)(0.5 * sin(2 * M_PI * 5000 * (double)j / rates[i]));
		resample(in, n, rates[i], PROMPT_RATE, out);
		for (size_t j = 500; rates[i] > 11025 && j < 6500; j++)
			assert_in_range(abs(out[j]), 0, 200);
		free(in);
		free(out);
	}
	resample(&(float){ 2.0f }, 1, 8000, 8000, &(int16_t){ 0 });
}

/* A folder of prompts. */
struct folder {
	char	path[64];
};

static int
folder_make(void **state)
{
	struct folder	*f = calloc(1, sizeof *f);

	snprintf(f->path, sizeof f->path, "/tmp/wirechief-prompts-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	*state = f;
	return 0;
}

static int
folder_drop(void **state)
{
	struct folder	*f = *state;
	char		 command[128];

	snprintf(command, sizeof command, "rm -rf %s", f->path);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
put32(FILE *to, uint32_t v)
{
	const uint8_t	bytes[] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	assert_int_equal(fwrite(bytes, 1, 4, to), 4);
}

/* A WAV of that many frames, all of that value; the second channel says nothing. */
static void
wav_make(const struct folder *f, const char *language, const char *name, uint32_t rate, uint32_t channels, uint32_t frames, int16_t value)
{
	uint32_t	bytes = frames * channels * 2;
	char		path[200];
	FILE		*to;

	snprintf(path, sizeof path, "%s/%s", f->path, language);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/%s/%s.wav", f->path, language, name);
	assert_non_null(to = fopen(path, "w"));
	(void)fputs("RIFF", to);
	put32(to, 36 + bytes);
	(void)fputs("WAVEfmt ", to);
	put32(to, 16);
	put32(to, channels << 16 | 1);
	put32(to, rate);
	put32(to, rate * channels * 2);
	put32(to, 16 << 16 | channels * 2);
	(void)fputs("data", to);
	put32(to, bytes);
	for (uint32_t i = 0; i < frames; i++)
		for (uint32_t c = 0; c < channels; c++) {
			int16_t	v = c == 0 ? value : 0;

			assert_int_equal(fwrite(&v, sizeof v, 1, to), 1);
		}
	assert_int_equal(fclose(to), 0);
}

static struct prompts *
load(const struct folder *f, const char *language)
{
	char	why[512] = "";
	int	fd = -1;

	if (prompt_files_load(f->path, language, &fd, why, sizeof why) != 0)
		fail_msg("%s", why);
	return prompts_new(fd);
}

/* What is found for that name and Accept-Language, as "it/called"; "" where there is nothing. */
static const char *
found(const struct prompts *ps, const char *name, const char *accept, char text[40])
{
	const struct prompt	*p = prompts_find(ps, span_of(name), span_of(accept), "en");

	text[0] = '\0';
	if (p != NULL)
		snprintf(text, 40, "%s/%s", p->language, p->name);
	return text;
}

static void
prompts_are_found(void **state)
{
	const struct folder	*f = *state;
	struct prompts		*ps;
	const struct prompt	*p;
	char			 text[40];

	wav_make(f, "en", "disabled", 8000, 1, 8000, 1000);
	wav_make(f, "en", "called", 16000, 2, 16000, 2000);
	wav_make(f, "it", "disabled", 44100, 1, 44100, 3000);
	wav_make(f, "not.a.language", "disabled", 8000, 1, 8000, 4000);
	assert_non_null(ps = load(f, "en"));
	assert_string_equal(found(ps, "disabled", "", text), "en/disabled");
	assert_string_equal(found(ps, "called", "", text), "en/called");
	assert_string_equal(found(ps, "called", "de", text), "en/called");
	assert_string_equal(found(ps, "disabled", "it-CH", text), "it/disabled");
	assert_string_equal(found(ps, "called", "it", text), "it/disabled");	/* its language before its words */
	assert_string_equal(found(ps, "disabled", "it;q=0.1, en", text), "en/disabled");
	p = prompts_find(ps, span_of("disabled"), span_of(""), "en");
	assert_int_equal(p->n, 8000);
	assert_int_equal(p->samples[4000], 1000);
	p = prompts_find(ps, span_of("called"), span_of(""), "en");
	assert_int_equal(p->n, 8000);
	assert_in_range(p->samples[4000], 995, 1005);		/* one of two channels */
	p = prompts_find(ps, span_of("disabled"), span_of("it"), "en");
	assert_in_range(p->n, 7999, 8000);
	assert_in_range(p->samples[4000], 2990, 3010);
	prompts_release(prompts_hold(ps));
	assert_int_equal(p->samples[0] != 0, 1);
	prompts_release(ps);
	assert_non_null(ps = prompts_new(-1));
	assert_string_equal(found(ps, "disabled", "en", text), "");
	prompts_release(ps);
}

static void
refused(const struct folder *f, const char *language, const char *what)
{
	char	why[512] = "";
	int	fd = -1;

	assert_true(prompt_files_load(f->path, language, &fd, why, sizeof why) < 0);
	if (strstr(why, what) == NULL || strstr(why, f->path) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, what);
	assert_int_equal(fd, -1);
}

static void
broken_files_are_named(void **state)
{
	const struct folder	*f = *state;
	struct folder		 none = { "/tmp/wirechief-no-such-folder" };
	char			 path[200];
	FILE			*to;

	refused(f, "en", "holds no en/disabled.wav");
	refused(&none, "en", "No such file");
	wav_make(f, "en", "disabled", 8000, 1, 8000, 1);
	refused(f, "it", "holds no it/disabled.wav");
	wav_make(f, "en", "disabled", 8000, 1, 100, 1);
	refused(f, "en", "shorter than a tenth");
	wav_make(f, "en", "disabled", 8000, 1, 61 * 8000, 1);
	refused(f, "en", "longer than 60 seconds");
	wav_make(f, "en", "disabled", 200, 1, 8000, 1);
	refused(f, "en", "has 200 samples a second; from 4000 to 192000");
	wav_make(f, "en", "disabled", 8000, 17, 8000, 1);
	refused(f, "en", "has 17 channels");
	snprintf(path, sizeof path, "%s/en/disabled.wav", f->path);
	assert_non_null(to = fopen(path, "w"));
	(void)fputs("This is no recording.\n", to);
	assert_int_equal(fclose(to), 0);
	refused(f, "en", "is no recording that can be read");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);	/* nobody waits for it */
	refused(f, "en", "is no file");
}

/* Of a taken-over process, or another version: never read beyond what is there. */
static void
foreign_bytes(void **state)
{
	static const char	 cut[] = "en\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "disabled\0\0\0\0\0\0\0\0" "\xff\xff\xff\xff" "1234";

	(void)state;
	for (size_t n = 1; n < sizeof cut; n++)
		assert_null(prompts_new(boot_memfd("prompts", cut, n)));
	assert_null(prompts_new(boot_memfd("prompts", "enenenenenenenenenenenenenenenenenenenenen", 36)));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(g711),
		cmocka_unit_test(rtp_headers),
		cmocka_unit_test(pace_does_not_drift),
		cmocka_unit_test(pace_after_a_stand_still),
		cmocka_unit_test(languages),
		cmocka_unit_test(resampling),
		cmocka_unit_test_setup_teardown(prompts_are_found, folder_make, folder_drop),
		cmocka_unit_test_setup_teardown(broken_files_are_named, folder_make, folder_drop),
		cmocka_unit_test(foreign_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
