#!/usr/bin/perl
# The manuals are clean mdoc, and say exactly what the option table says: every option of every command is
# in the page of its family, and no page has an option that does not exist.
use strict;
use warnings;
use Test::More;

my $source = $ENV{ODR_SRC} // '.';
chdir $source or die "cannot enter $source: $!\n";

my ($program) = grep { -x } map { "$_/odrbackup" }
    (defined $ENV{ODR_PREFIX} ? "$ENV{ODR_PREFIX}/bin" : ()), "$source/build/plain";

# What a page documents: its commands by the synopsis, its options by the lists.
sub read_page {
	my ($path) = @_;
	my %page = (path => $path, commands => {}, options => {});
	my $section = '';

	open my $file, '<', $path or die "cannot read $path: $!\n";
	while (my $line = <$file>) {
		$section = $1 if $line =~ /^\.Sh\s+(.+?)\s*$/;
		if ($section eq 'SYNOPSIS' && $line =~ /^\.Nm\s+"?odrbackup\b[" ]*(.*)$/) {
			my @words;
			for my $word (split ' ', $1) {
				$word =~ tr/"//d;
				next if $word eq 'Cm';
				last unless $word =~ /^[a-z][a-z0-9-]*$/;
				push @words, $word;
			}
			$page{commands}{"@words"} = 1;
		}
		if ($line =~ /^\.It\s+(.*Fl\b.*)$/) {
			my $item = $1;
			$page{options}{$1} = $. while $item =~ /\bFl\s+Fl\s+([a-z0-9-]+)/g;
		}
	}
	return \%page;
}

# command => {option => argument}; what belongs to every command stands under ''.
sub read_table {
	my %table;

	return unless $program;
	open my $pipe, '-|', $program, '--dump-options' or return;
	while (my $line = <$pipe>) {
		chomp $line;
		my ($command, $option, $argument) = split /\t/, $line;
		return unless defined $option;
		$command = '' if $command =~ /^(?:-|\*|odrbackup)$/;
		$option =~ s/^-+//;
		$table{$command}{$option} = $argument if length $option;
		$table{$command} //= {};
	}
	close $pipe or return;
	return keys %table ? \%table : undef;
}

my @paths = glob 'man/*.[1-8]';
plan skip_all => 'there are no manual pages yet' unless @paths;

for my $path (@paths) {
	my $output = qx(mandoc -T lint -W warning '$path' 2>&1);
	ok($? == 0, "$path is clean mdoc") or diag($output);
}

my $table = do { open my $null, '>&', \*STDERR; open STDERR, '>', '/dev/null'; my $t = read_table(); open STDERR, '>&', $null; $t };
SKIP: {
	skip 'the program cannot print its option table (odrbackup --dump-options)', 1 unless $table;

	my @pages = map { read_page($_) } grep { /\.[18]$/ } @paths;
	my %home;
	for my $page (@pages) {
		push @{$home{$_}}, $page for keys %{$page->{commands}};
	}
	for my $command (sort keys %$table) {
		my $name = length $command ? "odrbackup $command" : 'odrbackup';
		ok($home{$command}, "'$name' has a synopsis in a manual page") or next;
		my @missing = grep {
			my $option = $_;
			!grep { $_->{options}{$option} } @{$home{$command}};
		} sort keys %{$table->{$command}};
		ok(!@missing, "every option of '$name' is in its page")
		    or diag(map { "not in $home{$command}[0]{path}: --$_\n" } @missing);
	}
	for my $page (@pages) {
		my %known = map { %{$table->{$_} // {}} } '', keys %{$page->{commands}};
		my @strange = grep { !exists $known{$_} } sort keys %{$page->{options}};
		ok(!@strange, "$page->{path} has no option that does not exist")
		    or diag(map { "line $page->{options}{$_}: --$_\n" } @strange);
		my @unknown = grep { !$table->{$_} } sort keys %{$page->{commands}};
		ok(!@unknown, "$page->{path} has no command that does not exist")
		    or diag(map { "no such command: '$_'\n" } @unknown);
	}
}

done_testing();
