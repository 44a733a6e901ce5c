#!/usr/bin/perl
# Holds the code to src/LAYERS: a file includes its own folder and those listed, nothing by
# transitivity; each third-party library is known to one layer.
use strict;
use warnings;
use File::Find;
use Test::More;

my $source = $ENV{ODR_SRC} // '.';

my %home = (
	'curl/'             => 'http',
	'openssl/'          => 'crypto',
	'sodium'            => 'crypto',
	'xxhash.h'          => 'crypto',
	'zstd'              => 'stream',
	'zdict.h'           => 'stream',
	'archive.h'         => 'stream',
	'archive_entry.h'   => 'stream',
	'libs3.h'           => 'store',
	'libpq-fe.h'        => 'pg',
	'libpq/'            => 'pg',
	'postgres_ext.h'    => 'pg',
	'postgresql/'       => 'pg',
	'sqlite3'           => 'catalog',
	'pthread.h'         => 'base',
	'threads.h'         => 'base',
	'semaphore.h'       => 'base',
);

sub read_layers {
	my ($path) = @_;
	my %may;

	open my $file, '<', $path or die "cannot read $path: $!\n";
	while (my $line = <$file>) {
		# Two columns; a layer's list ends where the next layer's name begins.
		while ($line =~ /\b(\w+):((?:[ \t]+\w+\b(?!:))*)/g) {
			my ($layer, $list) = ($1, $2);
			die "$path: $layer is listed twice\n" if $may{$layer};
			$may{$layer} = {map { $_ => 1 } split ' ', $list};
		}
	}
	for my $layer (keys %may) {
		$may{$layer} = {map { $_ => 1 } keys %may} if $may{$layer}{all};
		$may{$layer}{$layer} = 1;
		for my $other (keys %{$may{$layer}}) {
			die "$path: $layer names an unknown layer $other\n" unless $may{$other};
		}
	}
	return \%may;
}

# A cycle would make the archives of a link line depend on their order.
sub has_cycle {
	my ($may) = @_;
	my %left = %$may;

	while (%left) {
		my @free = grep {
			my $layer = $_;
			!grep { $_ ne $layer && $left{$_} } keys %{$may->{$layer}}
		} keys %left;
		return 1 unless @free;
		delete @left{@free};
	}
	return 0;
}

# What is wrong with one include, or nothing.
sub complaint {
	my ($may, $layer, $form, $header, $folder) = @_;

	if ($form eq '"') {
		# What several tests of a layer share lies beside them, or above.
		return if $folder =~ m{/tests/unit/[\w/]+$} && $header =~ m{^(?:\.\./){0,2}[\w/]+\.h$} && -e "$folder/$header";
		return 'is not written by its path below src' unless $header =~ m{^(\w+)/[\w/]+\.h$};
		return "is of no layer of src/LAYERS" unless $may->{$1};
		return "$layer may not include $1" unless $may->{$layer}{$1};
		return "does not exist" unless -e "$source/src/$header";
		return;
	}
	for my $prefix (keys %home) {
		next unless index($header, $prefix) == 0;
		return "belongs to $home{$prefix}" unless $layer eq $home{$prefix};
	}
	return;
}

sub check_file {
	my ($may, $path, $layer) = @_;
	my @wrong;

	open my $file, '<', $path or die "cannot read $path: $!\n";
	while (my $line = <$file>) {
		next unless $line =~ /^\s*#\s*include\s*(["<])([^">]+)[">]/;
		my ($form, $header) = ($1, $2);
		my $why = complaint($may, $layer, $form, $header, $path =~ s{/[^/]*$}{}r);
		push @wrong, "line $.: $header: $why" if defined $why;
	}
	return @wrong;
}

my $may = read_layers("$source/src/LAYERS");
ok(!has_cycle($may), 'src/LAYERS has no cycle');

opendir my $dir, "$source/src" or die "cannot read $source/src: $!\n";
for my $folder (sort grep { !/^\./ && -d "$source/src/$_" } readdir $dir) {
	ok($may->{$folder}, "src/$folder is a layer of src/LAYERS");
}
closedir $dir;

my @files;
for my $top (grep { -d } "$source/src", "$source/tests/unit") {
	find({no_chdir => 1, wanted => sub { push @files, $_ if /\.[ch]$/ }}, $top);
}
for my $path (sort @files) {
	my $name = substr $path, length("$source/");
	my ($layer) = $name =~ m{^(?:src|tests/unit)/(\w+)/};

	unless ($layer && $may->{$layer}) {
		fail("$name lies in no layer");
		next;
	}
	my @wrong = check_file($may, $path, $layer);
	ok(!@wrong, "$name keeps to its layer") or diag(map { "$name: $_\n" } @wrong);
}

done_testing();
