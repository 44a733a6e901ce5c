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

# Two at a time: each has one thread, and takes as long as it may.
my %running;

sub begin {
	my ($program) = @_;
	my ($name) = $program =~ /fuzz_(\w+)$/;
	my $found = "$work/$name";
	make_path($found);
	my $pid = fork // die "cannot fork: $!\n";
	if ($pid == 0) {
		open STDOUT, '>', "$work/$name.out" and open STDERR, '>&', \*STDOUT or die "cannot write '$work/$name.out': $!\n";
		# What is new is collected in the first folder; the second is only read.
		exec "$build/$program", "-max_total_time=$seconds", '-timeout=10', '-rss_limit_mb=1024', "-artifact_prefix=$work/$name-",
			$found, "$source/tests/fuzz/corpus/$name" or die "cannot run $program: $!\n";
	}
	$running{$pid} = $name;
}

sub finish_one {
	my $pid = wait;
	my $name = delete $running{$pid};
	ok($? == 0, "$name: $seconds seconds of libFuzzer") or diag(substr qx(cat '$work/$name.out'), -4000);
}

for my $program (@programs) {
	begin($program);
	finish_one() if keys %running == 2;
}
finish_one() while %running;

done_testing();
