#!/usr/bin/perl
#
# Writes core/words_table.c from perl's Unicode data, 14 in perl 5.36:
#	perl core/words_table.pl > core/words_table.c
# Lucene 8 goes by Unicode 9 and Emoji 11, Java 17's lower case by Unicode 13.  What was assigned later is left out by its age;
# what was decided otherwise later is in @then.
#
use strict;
use warnings;
use Unicode::UCD qw(prop_invmap);

my $last = 0x10ffff;

# Classes that a rule by property would not give: from, to, class.
my @then = (
	# of Emoji, with a meaning of their own in its sequences
	[0x23, 0x23, 'KEYCAP_BASE'], [0x2a, 0x2a, 'KEYCAP_BASE'], [0x30, 0x39, 'DIGIT'],
	[0x200d, 0x200d, 'JOINER'], [0x20e3, 0x20e3, 'KEYCAP'], [0xfe0e, 0xfe0e, 'TEXT_SELECTOR'], [0xfe0f, 0xfe0f, 'EMOJI_SELECTOR'],
	[0x1f1e6, 0x1f1ff, 'REGIONAL'], [0x1f3fb, 0x1f3ff, 'MODIFIER'], [0xe0020, 0xe007e, 'TAG'], [0xe007f, 0xe007f, 'TAG_END'],
	# not yet letters in Unicode 9
	(map { [@$_, 'OTHER'] } [0x2c2, 0x2c5], [0x2d2, 0x2d6], [0x2de, 0x2df], [0x2e5, 0x2eb], [0x2ed, 0x2ed], [0x2ef, 0x2ff],
	    [0x55a, 0x55c], [0x55e, 0x55e], [0x58a, 0x58a], [0xa708, 0xa716], [0xa720, 0xa721], [0xa789, 0xa78a], [0xab5b, 0xab5b]),
	# other changes since
	[0x2d7, 0x2d7, 'MID_LETTER'], [0x55f, 0x55f, 'OTHER'], [0x1cf2, 0x1cf3, 'EXTEND'], [0x111c9, 0x111c9, 'OTHER'],
	# given back by Emoji 13
	[0x1fb00, 0x1fbff, 'EMOJI'],
	# of the script Han, but letters first
	[0x3005, 0x3005, 'LETTER'], [0x303b, 0x303b, 'LETTER'],
	# take a modifier only since Emoji 12 and later
	(map { [@$_, 'EMOJI'] } [0x1f46a, 0x1f46d], [0x1f46f, 0x1f46f], [0x1f48f, 0x1f48f], [0x1f491, 0x1f491], [0x1f91d, 0x1f91d],
	    [0x1f93c, 0x1f93c]),
);

my %break = (
	ALetter => 'LETTER', Hebrew_Letter => 'HEBREW', Numeric => 'NUMBER', Katakana => 'KATAKANA', ExtendNumLet => 'CONNECTOR',
	MidLetter => 'MID_LETTER', MidNum => 'MID_NUMBER', MidNumLet => 'MID_BOTH', Single_Quote => 'QUOTE',
	Double_Quote => 'DOUBLE_QUOTE', Extend => 'EXTEND', Format => 'EXTEND',
	ExtPict_LE => 'LETTER',		# perl's own: a letter and an emoji
);

# The value of a property at each code point.
sub property {
	my ($name) = @_;
	my ($starts, $values, $format) = prop_invmap($name);
	my @at;

	die "$name: unknown to this perl\n" unless $starts;
	for my $i (0 .. $#$starts) {
		my $end = $i < $#$starts ? $starts->[$i + 1] - 1 : $last;
		my $value = $values->[$i];

		# a number stands for the first of a run, and grows with it
		$at[$_] = $format eq 'a' && $value ? $value + $_ - $starts->[$i] : $value for $starts->[$i] .. $end;
	}
	return \@at;
}

my ($age, $word, $script, $line) = map { property($_) } qw(Age Word_Break Script Line_Break);
my ($emoji, $base, $pictographic, $lower) = map { property($_) } qw(Emoji EBase ExtPict Simple_Lowercase_Mapping);

sub assigned {
	my ($code, $by) = @_;

	return $age->[$code] =~ /^V?(\d+)[._]\d+$/ && $1 <= $by;
}

sub class {
	my ($code) = @_;
	my $class = assigned($code, 9) ? $break{$word->[$code]} || 'OTHER' : 'OTHER';

	return 'EMOJI_BASE' if $base->[$code] eq 'Y' && assigned($code, 11);
	return $class eq 'LETTER' ? 'EMOJI_LETTER' : 'EMOJI' if $emoji->[$code] eq 'Y' && assigned($code, 9);
	return 'EMOJI' if $pictographic->[$code] eq 'Y';
	return 'OTHER' if !assigned($code, 9);
	return $class eq 'EXTEND' ? 'COMPLEX_EXTEND' : 'COMPLEX' if $line->[$code] =~ /^(SA|Complex_Context)$/;
	return 'IDEOGRAPH' if $class ne 'EXTEND' && $script->[$code] =~ /^(Han|Hiragana)$/;
	return $class;
}

# Rows of an array, as many on a line as fit.
sub rows {
	my $line = '';

	for (@_) {
		if (length("$line $_,") > 126) {
			print "\t$line\n";
			$line = '';
		}
		$line .= ($line eq '' ? '' : ' ') . "$_,";
	}
	print "\t$line\n";
}

my @class = map { class($_) } 0 .. $last;
for (@then) {
	my ($from, $to, $class) = @$_;
	@class[$from .. $to] = ($class) x ($to - $from + 1);
}
my @ranges;
for my $code (grep { $class[$_] ne 'OTHER' } 0 .. $last) {
	if (@ranges && $ranges[-1][1] == $code - 1 && $ranges[-1][2] eq $class[$code]) {
		$ranges[-1][1] = $code;
	} else {
		push @ranges, [$code, $code, $class[$code]];
	}
}

# Runs of one distance whose code points follow each other, or every second does.
my @runs;
for my $code (grep { $lower->[$_] && assigned($_, 13) } 0 .. $last) {
	my $distance = $lower->[$code] - $code;
	my $run = $runs[-1];
	my $step = $run ? $code - $run->[1] : 0;

	next if $distance == 0;
	if ($run && $run->[3] == $distance && ($run->[0] == $run->[1] ? $step <= 2 : $step == $run->[2])) {
		@$run[1, 2] = ($code, $step);
	} else {
		push @runs, [$code, $code, 1, $distance];
	}
}

print <<'TOP';
/*
 * Unicode's properties as words.c needs them: Word_Break, Script and Line_Break of Unicode 9 with the emoji of Emoji 11, which is what
 * Lucene 8's analyser goes by, joined to one class a code point; and simple lower case of Unicode 13.  In order, for bisection.
 * Written by words_table.pl.
 */
#include "core/words_table.h"

const struct words_range	words_ranges[] = {
TOP
rows(map { sprintf '{ 0x%x, 0x%x, WORDS_%s }', @$_ } @ranges);
print <<'MIDDLE';
};
const size_t			n_words_ranges = sizeof words_ranges / sizeof words_ranges[0];

const struct words_lower_run	words_lower_runs[] = {
MIDDLE
rows(map { sprintf '{ 0x%x, 0x%x, %d, %d }', @$_ } @runs);
print <<'END';
};
const size_t			n_words_lower_runs = sizeof words_lower_runs / sizeof words_lower_runs[0];
END
