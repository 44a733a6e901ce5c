#!/usr/bin/perl
# What STYLE asks for and a program can see: layout by clang-format, calls we do without, unfinished work,
# paths of one machine.
use strict;
use warnings;
use File::Find;
use File::Temp;
use Test::More;

my $source = $ENV{ODR_SRC} // '.';
chdir $source or die "cannot enter $source: $!\n";

my ($formatter) = grep { my $name = $_; grep { -x "$_/$name" } split /:/, $ENV{PATH} }
    qw(clang-format-14 clang-format);

# One table: what a line must not hold, and what to do instead.
my @rules = (
	[qr/\b(?:str(?:cpy|cat|tok)|v?sprintf|ato[il]l?|gets)\s*\(/, 'unbounded or unchecked call: use GLib'],
	[qr/\b(?:system|popen|g_spawn_command_line_\w+)\s*\(/, 'a shell: run programs by argument vector'],
	[qr/\bg_(?:thread|mutex|cond|rw_lock|rec_mutex|async_queue)_\w+\s*\(/,
		'threads and locks are in base/pool: ThreadSanitizer does not see those of GLib'],
	[qr/\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/, 'unfinished work'],
	[qr/\bgoto\b/, 'resources are released where they are declared'],
	[qr/#\s*include\s*[<"]config\.h/, 'config.h comes by command line'],
);
my $machine_path = qr{(?<![\w\$\}.])/(?:work|farm|home/\w+)/};

sub files_below {
	my ($pattern, @tops) = @_;
	my @files;
	find({no_chdir => 1, wanted => sub { push @files, $_ if -f && $_ =~ $pattern }}, grep { -e } @tops);
	return sort @files;
}

sub complaints {
	my ($path, @rules) = @_;
	my @wrong;
	open my $file, '<', $path or die "cannot read $path: $!\n";
	while (my $line = <$file>) {
		for my $rule (@rules) {
			push @wrong, "$path:$.: $rule->[1]: $&" if $line =~ $rule->[0];
		}
	}
	return @wrong;
}

my @code = files_below(qr/\.[ch]$/, 'src', 'tests/unit', 'tests/fuzz', 'tests/s3', 'tests/lib/proxy');

# What clang-format would change, by file: one process for all, since most of its time goes into starting it.
sub layout_complaints {
	my ($formatter, @paths) = @_;
	my $list = File::Temp->new;
	print $list map { "$_\n" } @paths;
	close $list or die "cannot write $list: $!\n";
	my @lines = qx($formatter --dry-run --Werror --files='$list' 2>&1);
	my $failed = $?;
	my %wrong;
	push @{ $wrong{ $_->[0] } }, $_->[1] for map { /^(.+?):\d+:\d+: error: / ? [$1, $_] : () } @lines;
	die "$formatter failed:\n@lines" if $failed && !%wrong;
	return %wrong;
}

SKIP: {
	skip 'clang-format is not installed', scalar @code unless $formatter;
	my %wrong = layout_complaints($formatter, @code);
	for my $path (@code) {
		my @complaints = @{ $wrong{$path} // [] };
		ok(!@complaints, "$path is laid out as clang-format does")
		    or diag(@complaints[0 .. ($#complaints < 2 ? $#complaints : 2)]);
	}
}

for my $path (@code) {
	my @wrong = complaints($path, @rules);
	ok(!@wrong, "$path does without what STYLE forbids") or diag(map { "$_\n" } @wrong);
}

my @texts = files_below(qr{\A(?!tests/fuzz/corpus|tests/golden)}, qw(src tests man etc contrib drills README));
my @paths = map { complaints($_, [$machine_path, 'path of one machine']) } grep { -T } @texts;
ok(!@paths, 'no file names a path of one machine') or diag(map { "$_\n" } @paths);

done_testing();
