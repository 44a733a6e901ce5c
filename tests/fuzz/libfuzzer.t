#!/usr/bin/perl
# Fuzzes every target for a while with libFuzzer, from its corpus. A finding is kept in the work folder and
# belongs, once understood, into tests/fuzz/corpus.
use strict;
use warnings;
use File::Path 'make_path';
use Test::More;

my $source = $ENV{ODR_SRC} // '.';
my $build = "$source/build/fuzz";
my $work = ($ENV{ODR_WORK} // '/tmp') . '/fuzz';
my $seconds = $ENV{ODR_FULL} ? 60 : 10;

plan skip_all => 'clang has no libFuzzer here' unless -e "$build/Makefile";
my @programs = split ' ', qx(make -s -C '$build' print-fuzz_programs);
plan skip_all => 'there are no fuzz targets yet' unless @programs;

for my $program (@programs) {
	my ($name) = $program =~ /fuzz_(\w+)$/;
	my $found = "$work/$name";
	# What is new is collected in the first folder; the second is only read.
	my @options = ("-max_total_time=$seconds", '-timeout=10', '-rss_limit_mb=1024',
		"-artifact_prefix=$work/$name-", $found, "$source/tests/fuzz/corpus/$name");

	make_path($found);
	my $output = qx('$build/$program' @options 2>&1);
	ok($? == 0, "$name: $seconds seconds of libFuzzer") or diag(substr $output, -4000);
}

done_testing();
