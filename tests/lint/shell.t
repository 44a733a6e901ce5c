#!/usr/bin/perl
# Scripts: shellcheck for the shell, a syntax check for Perl and Python.
use strict;
use warnings;
use File::Find;
use Test::More;

my $source = $ENV{ODR_SRC} // '.';
chdir $source or die "cannot enter $source: $!\n";

sub first_line {
	my ($path) = @_;
	open my $file, '<', $path or die "cannot read $path: $!\n";
	my $line = <$file> // '';
	return $line;
}

sub language_of {
	my ($path) = @_;
	return 'perl'   if $path =~ /\.(?:t|pm|pl)$/;
	return 'python' if $path =~ /\.py$/;
	return 'shell'  if $path =~ /\.(?:sh|bash)$/;
	return          if $path =~ /\.\w+$/ && $path !~ /\.in$/;
	my $line = first_line($path);
	return 'shell'  if $line =~ /^#!.*\b(?:ba)?sh\b/ || $line =~ /^# shellcheck shell=/;
	return 'python' if $line =~ /^#!.*\bpython3?\b/;
	return 'perl'   if $line =~ /^#!.*\bperl\b/;
	return;
}

my %check = (
	shell  => sub { qx(shellcheck -x -P SCRIPTDIR '$_[0]' 2>&1) },
	perl   => sub { qx(/usr/bin/perl -Itests/lib -c '$_[0]' 2>&1) },
	python => sub { qx(python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' '$_[0]' 2>&1) },
);

my %scripts;
find({
	no_chdir => 1,
	wanted   => sub {
		# Only the project's own folders: a build lies below the checkout too.
		return unless -f && -s && !m{^tests/fuzz/corpus/|^tests/golden/};
		my $language = language_of($_) or return;
		push @{$scripts{$language}}, $_;
	},
}, grep { -e } qw(.ci contrib drills etc tests));

for my $language (sort keys %scripts) {
	for my $path (sort @{$scripts{$language}}) {
		my $output = $check{$language}->($path);
		ok($? == 0, "$path: $language") or diag($output);
	}
}

done_testing();
