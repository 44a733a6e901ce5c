#!/usr/bin/perl
# archive-push says 0 only when the file is durable in the repository; whatever happened before, pushing again is right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Faults;
use Odr::Tool;
use Odr::Work;

# Without archiving: the server keeps its finished segments, and we push them.
my $site = small_site(archive => 0, sections => { odrbackup => { 'archive-push-batch' => 0, 'archive-get-batch' => 0 } });
my $cluster = $site->cluster;
my $pgdata = $cluster->pgdata;
$cluster->psql("SELECT pg_switch_wal(); INSERT INTO witness SELECT n, md5(n::text) FROM generate_series(5001, 5100) n") for 1 .. 7;
$cluster->psql('SELECT pg_switch_wal()');
my @segments = map { m{([0-9A-F]{24})\.ready$} } sort glob "$pgdata/pg_wal/archive_status/*.ready";
cmp_ok(scalar @segments, '>=', 6, 'the server has finished segments to push') or BAIL_OUT('no segments');
write_file("$pgdata/pg_wal/00000002.history", "1\t0/500000\tno recovery target specified\n", 0600);

my $state = $site->path('state', $site->service);
my $journal = "$state/wal";
my ($service) = map { m{([^/]+)/?$} } grep { -d } glob $site->repository . '/*';
my $out = new_dir($site->path('out'));

sub push_file {
	my ($file, $option) = @_;
	return $site->tool('archive-push', '--service', $site->service, "pg_wal/$file", { cwd => $pgdata, %{ $option // {} } });
}

# What the repository gives for a file: right, absent, or what else is the matter.
sub fetched {
	my ($file) = @_;
	my $to = "$out/$file";
	unlink $to;
	my $get = $site->tool('archive-get', '--service', $site->service, $file, $to);
	return 'absent' if $get->status == 1 && !$get->died_of && !-e $to;
	return $get->describe if !$get->ok;
	return read_file($to) eq read_file("$pgdata/pg_wal/$file") ? 'right' : 'wrong bytes';
}

# As on a new host: nothing was ever pushed, no cluster is pinned.
sub begin_anew {
	run_program(['rm', '-rf', $state, glob $site->repository . '/*/wal'], user => 'root');
}

# What the journal says is durable, as [file, digest]. Lines that a fault tore are none.
sub journaled {
	return map { /^v3 (\S+) ([0-9a-f]{32}) / ? [$1, $2] : () } map { split /\n/, read_file($_) } glob "$journal/*";
}

# Every line of the journal stands for an object that is there: it is what backups trust.
sub journal_lies {
	return map { $_->[0] } grep { 1 != (my @objects = glob $site->repository . "/*/wal/*/$_->[0]-$_->[1]") } journaled();
}

sub sweep {
	my ($file, $point, $action, $allowed, %option) = @_;
	my $along = delete $option{along} // [];
	return fault_sweep("push $file", point => $point, action => $action,
		before => sub { begin_anew() },
		run => sub { push_file($file, $_[0]) },
		check => sub {
			my ($k, $result) = @_;
			my $name = "$file: $action at $point $k";
			ok($result->died_of || grep({ $result->status == $_ } @$allowed), "$name: status is one of @$allowed") or diag $result->describe;
			is_deeply([journal_lies()], [], "$name: the journal lists nothing that is not durable");
			my $there = fetched($file);
			is($there, 'right', "$name: 0 means durable") if $result->ok;
			like($there, qr/^(right|absent)$/, "$name: what is there is right") or diag $result->describe;
			my $again = push_file($file);
			ok($again->ok, "$name: the same push again succeeds") or diag $again->describe;
			is(fetched($file), 'right', "$name: and the file is there");
			for my $other (@$along) {
				like(fetched($other), qr/^(right|absent)$/, "$name: what was taken along is right or not there: $other");
				ok(push_file($other)->ok && fetched($other) eq 'right', "$name: PostgreSQL asks for $other and gets it done");
			}
		}, %option);
}

subtest 'a segment' => sub {
	my $file = $segments[0];
	sweep($file, 'store.put', 'fail', [1]);
	sweep($file, 'store.put', 'kill', []);
	sweep($file, 'store.put', 'nospace', [14]);
	sweep($file, 'store.get', 'fail', [1]);
	sweep($file, 'store.get', 'kill', []);
	for my $point (qw(file.write file.fsync file.rename)) {
		sweep($file, $point, 'fail', [1]);
		sweep($file, $point, 'kill', []);
	}
	sweep($file, 'file.write', 'nospace', [14]);
	sweep($file, $_, 'stop', [0, 1]) for qw(store.put file.write file.fsync);
};

subtest 'a history file' => sub {
	my $file = '00000002.history';
	sweep($file, $_, 'fail', [0, 1]) for qw(store.list store.put file.write file.fsync);
	sweep($file, $_, 'kill', []) for qw(store.list store.put file.fsync file.rename);
};

subtest 'in batches' => sub {
	$site->{sections}{odrbackup}{'archive-push-batch'} = 4;
	$site->write_conf;
	begin_anew();
	ok(push_file($segments[0])->ok, 'a push without faults');
	is(fetched($_), 'right', "took along $_") for @segments[1 .. 4];
	is(fetched($segments[5]), 'absent', 'and no more than it was told to');

	my @along = @segments[1 .. 4];
	for my $point (qw(store.put file.write file.fsync file.rename)) {
		sweep($segments[0], $point, 'fail', [0, 1], along => \@along, stride => every($point eq 'store.put' ? 1 : 4));
		sweep($segments[0], $point, 'kill', [], along => \@along, stride => every(3));
	}
	sweep($segments[0], 'store.put', 'nospace', [0, 14], along => \@along, stride => every(2));
	$site->{sections}{odrbackup}{'archive-push-batch'} = 0;
	$site->write_conf;
};

subtest 'the journal of what was pushed' => sub {
	my ($file, $next) = @segments;
	my $log = work_path('puts.log');
	# The put would die: that it does not shows that there was none.
	my $none = { env => { ODR_FAULT => 'store.put:1:kill', ODR_FAULT_LOG => write_file($log, '', 0666) } };

	begin_anew();
	ok(push_file($file)->ok, 'pushed');
	is_deeply([map { $_->[0] } journaled()], [$file], 'and journaled');
	my ($object) = glob $site->repository . "/*/wal/*/$file-*";
	rename $object, "$object.away" or die "cannot rename: $!\n";
	is_deeply([journal_lies()], [$file], 'a line whose object is gone is seen as a lie');
	rename "$object.away", $object or die "cannot rename: $!\n";
	ok(push_file($file, $none)->ok, 'pushed again: the journal knows, nothing is put');

	run_program(['rm', '-rf', $journal], user => 'root');
	my $again = push_file($file);
	ok($again->ok, 'pushed again after the journal was lost') or diag $again->describe;
	is(fetched($file), 'right', 'and it is there');
	is(scalar(my @objects = glob $site->repository . "/*/wal/*/$file-*"), 1, 'once');
	ok(push_file($file, $none)->ok, 'and the journal knows again');

	my ($path) = glob "$journal/0*";
	my $whole = read_file($path);
	for my $left (length($whole) - 1, length($whole) - 5, 30, 3, 0) {
		write_file($path, substr($whole, 0, $left), 0600);
		my $torn = push_file($file);
		ok($torn->ok, "pushed again after the journal was torn to $left bytes") or diag $torn->describe;
		ok(push_file($next)->ok, 'and another one');
		is(fetched($_), 'right', "$_ is there") for $file, $next;
		ok(push_file($file, $none)->ok && push_file($next, $none)->ok, 'the journal is good behind the torn line');
	}
	write_file($path, join('', map { chr int rand 256 } 1 .. 5000), 0600);
	ok(push_file($file)->ok && fetched($file) eq 'right', 'pushed again after the journal became garbage');
};

subtest 'another segment of the same name' => sub {
	begin_anew();
	ok(push_file($segments[0])->ok, 'pushed');
	my $path = "$pgdata/pg_wal/$segments[0]";
	my $good = read_file($path);
	write_file($path, substr($good, 0, -1) . chr(ord(substr $good, -1) ^ 1), 0600);
	$site->tool_fails(['archive-push', '--service', $site->service, $path], 1, qr/\Q$segments[0]\E/, 'refused by its name');
	write_file($path, $good, 0600);
	is(fetched($segments[0]), 'right', 'the first one is still what one gets');
	ok(push_file($segments[0])->ok, 'and pushing that again is fine');
};

subtest 'what lies in the repository under the name is damaged' => sub {
	begin_anew();
	ok(push_file($segments[0])->ok, 'pushed');
	my ($object) = glob $site->repository . "/*/wal/*/$segments[0]-*";
	my $good = read_file($object);
	unlink $object;
	write_file($object, substr($good, 0, 100), 0400);
	run_program(['rm', '-rf', $journal], user => 'root');
	my $push = push_file($segments[0]);
	ok(!$push->ok && $push->status <= 125 && !$push->died_of, 'not 0: what is there is not the segment') or diag $push->describe;
	ok(object_named($push, $object), 'and the object is named') or diag $push->describe;
	unlink $object;
	ok(push_file($segments[0])->ok && fetched($segments[0]) eq 'right', 'after it was taken away, pushing works');
};

subtest 'no repository' => sub {
	begin_anew();
	my $repository = $site->repository;
	rename $repository, "$repository.away" or die;
	my $gone = push_file($segments[0]);
	ok(!$gone->ok && $gone->status <= 125, 'not mounted: not 0, and no fatal status') or diag $gone->describe;
	ok(!-e $repository, 'nothing was made in its place');
	new_dir($repository);
	my $empty = push_file($segments[0]);
	ok(!$empty->ok && $empty->status <= 125, 'an empty folder in its place: not 0') or diag $empty->describe;
	is_deeply([glob "$repository/*"], [], 'and nothing was written into it');
	rmdir $repository;
	rename "$repository.away", $repository or die;
	ok(push_file($segments[0])->ok && fetched($segments[0]) eq 'right', 'mounted again: done');
};

done_testing;
