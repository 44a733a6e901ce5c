#!/usr/bin/perl
# The tree is whole: every source is built, every unit test has its module, every fuzz target its corpus.
use strict;
use warnings;
use File::Find;
use Test::More;

my $source = $ENV{ODR_SRC} // '.';

sub text_of {
	my ($path) = @_;
	open my $file, '<', $path or die "cannot read $path: $!\n";
	local $/;
	return scalar <$file>;
}

# The words of a make file: a source is listed when its path is one of them.
sub words_of {
	my ($path) = @_;
	return map { $_ => 1 } split /[\s\\]+/, text_of("$source/$path");
}

sub sources_in {
	my ($folder) = @_;
	my @found;
	find({no_chdir => 1, wanted => sub { push @found, $_ if /\.[ch]$/ }}, $folder =~ s{/$}{}r);
	return sort @found;
}

chdir $source or die "cannot enter $source: $!\n";

for my $folder (glob 'src/*/') {
	my %listed = -e "${folder}local.mk" ? words_of("${folder}local.mk") : ();
	my @missing = grep { !$listed{$_} } sources_in($folder);
	ok(!@missing, "${folder}local.mk lists every source of its folder")
	    or diag(map { "not listed: $_\n" } @missing);
	my @gone = grep { m{^src/\S+\.[ch]$} && !-e } sort keys %listed;
	ok(!@gone, "${folder}local.mk lists nothing that does not exist")
	    or diag(map { "does not exist: $_\n" } @gone);
}

my %unit = words_of('tests/unit/local.mk');
for my $test (grep { m{/test_\w+\.c$} } sources_in('tests/unit')) {
	my $module = $test =~ s{^tests/unit/}{src/}r =~ s{/test_(\w+)\.c$}{/$1}r;
	ok(-e "$module.c" || -e "$module.h", "$test tests a module: $module.c");
	ok($unit{$test =~ s/\.c$//r}, "$test is in unit_programs");
}

my %fuzz = words_of('tests/fuzz/local.mk');
for my $target (glob 'tests/fuzz/fuzz_*.c') {
	my ($name) = $target =~ m{fuzz_(\w+)\.c$};
	ok($fuzz{"tests/fuzz/fuzz_$name"}, "$target is in fuzz_programs");
	my @inputs = glob "tests/fuzz/corpus/$name/*";
	ok(@inputs > 0, "$target has a corpus: tests/fuzz/corpus/$name");
}

my %man = words_of('man/local.mk');
for my $page (glob 'man/*.[1-8]') {
	ok($man{$page}, "$page is in dist_man_MANS");
}

done_testing();
