#!/usr/bin/perl
# The format is what odrbackup-format(7) says: a reader in another language, written from the manual alone, reads the golden
# repository and what today's program writes, and restores from it the same bytes; and it notices whatever was altered.
use strict;
use warnings;
use Digest::SHA;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Tool;
use Odr::Work;

# The ordinary user cannot enter every checkout.
sub copy_of {
	my ($name) = @_;
	my $to = work_path($name =~ s{.*/}{}r);
	my $copy = run_program(['cp', '-r', '--no-preserve=all', source_path($name), $to], user => 'root', cwd => '/');
	$copy->ok or die $copy->err;
	my $all = run_program(['find', $to, '-print0'], user => 'root', cwd => '/');
	give(split /\0/, $all->out);
	return $to;
}

my $program = copy_of('tests/reader/odr_reader.py');
my $golden = copy_of('tests/golden');

sub reader {
	my ($repository, $identity, @arguments) = @_;
	return run_program(['/usr/bin/python3', $program, '--repository', $repository, '--identity', $identity, @arguments],
		timeout => 300);
}

sub reader_ok {
	my ($name, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $run = reader(@arguments);
	ok($run->ok, $name) or diag $run->out . $run->err;
	return $run;
}

sub reader_fails {
	my ($name, $status, $message, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $run = reader(@arguments);
	return ok($run->status == $status && $run->err =~ $message, $name)
	  || diag "expected status $status, $message\n" . $run->status . "\n" . $run->out . $run->err;
}

sub sha256_of {
	my ($path) = @_;
	return Digest::SHA->new(256)->addfile($path, 'b')->hexdigest;
}

# What lies below a folder, as lines: kind, mode, path, and what a file holds or where a link leads.
sub tree {
	my ($dir, $start, @without) = @_;
	my %without = map { $_ => 1 } @without;
	my $find = run_program(['find', $dir, '-printf', '%y %m %P\0%l\0']);
	my @found = split /\0/, $find->out, -1;
	my %files;
	my @lines;
	while (@found > 1) {
		my ($about, $link) = splice @found, 0, 2;
		my ($kind, $mode, $path) = split / /, $about, 3;
		next if $without{$path};
		my $line = sprintf '%s %s %04o %s', $start, $kind, oct $mode, unpack 'H*', length $path ? "pgdata/$path" : 'pgdata';
		$line .= sprintf ' %d %s', -s "$dir/$path", sha256_of("$dir/$path") if $kind eq 'f';
		$line .= ' ' . unpack 'H*', $link if $kind eq 'l';
		push @lines, $line;
	}
	return sort @lines;
}

sub expected {
	my ($start) = @_;
	return sort grep { /^\Q$start\E / } split /\n/, read_file("$golden/expected");
}

my ($full, $later) = qw(20261121T230501Z-5e7a11ce 20261122T230502Z-0ddba115);
my @golden = ("$golden/repository", "$golden/identity");

subtest 'the reader in Python reads the golden repository' => sub {
	my $list = reader_ok('it lists', @golden, 'list');
	is_deeply([sort map { /^(\S+)\t/ } split /\n/, $list->out], [$full, $later], 'both sets');

	my $passphrase = write_file(work_path('passphrase'), "correct horse\n", 0600);
	reader_ok('a passphrase opens a protected identity',
		$golden[0], "$golden/identity-protected", '--passphrase-file', $passphrase, 'list');
	write_file($passphrase, "wrong horse\n");
	reader_fails('a wrong one does not', 126, qr/the passphrase does not open it/,
		$golden[0], "$golden/identity-protected", '--passphrase-file', $passphrase, 'list');

	for my $set ($full, $later) {
		my ($dir, $tablespace) = (work_path("golden-$set"), work_path("tablespace-$set"));
		reader_ok("it restores $set", @golden, 'restore', '--no-sync', $set, $dir, '--tablespace', "16385=$tablespace");
		is(read_file("$dir/tablespace_map"), "16385 $tablespace\n", 'with its tablespace_map');
		like(read_file("$dir/backup_label"), qr/\ASTART WAL LOCATION: 0\/4000028 .*^START TIMELINE: 1\n\z/ms, 'its backup_label');
		my @expected = grep { (split ' ', $_)[3] !~ /^6f757473696465/ } expected($set);
		s{ 2f7372762f66617374206469736b$}{' ' . unpack 'H*', $tablespace}e for @expected;
		my @below = tree($tablespace, $set);
		s{( 706764617461)(?=[ 2]|$)}{$1 . unpack('H*', '/pg_tblspc/16385')}e for @below;
		my @found = (tree($dir, $set, 'backup_label', 'tablespace_map'), grep { !/ d 0700 [0-9a-f]+3136333835$/ } @below);
		is_deeply([sort @found], \@expected, 'and exactly its content');
	}
	reader_fails('a tablespace needs a place', 126, qr/give --tablespace 16385=/, @golden, 'restore', $full, work_path('nowhere'));
};

subtest 'WAL of the golden repository' => sub {
	my $to = work_path('segment');
	for my $line (expected('wal')) {
		my (undef, $file, $size, $sha256) = split ' ', $line;
		for my $identity ('identity', 'identity-wal') {
			reader_ok("$identity: $file", $golden[0], "$golden/$identity", 'wal', $file, $to);
			is(sha256_of($to), $sha256, 'is what was put there');
			unlink $to;
		}
	}
	reader_fails('what is not there has status 1', 1, qr/there is no WAL file/, @golden, 'wal', '000000010000000000000004', $to);
	reader_fails('a wrong use has not', 126, qr/required/, @golden, 'wal');
	reader_fails('nor has a repository that is away', 126, qr/there is no folder/, work_path('away'), $golden[1], 'wal',
		'000000010000000000000004', $to);
	ok(!-e $to, 'and nothing is written');
	reader_fails('a WAL identity opens no set', 1, qr/is not among its recipients/, $golden[0], "$golden/identity-wal", 'list');
};

subtest 'the program reads the golden repository' => sub {
	my $conf = write_file(work_path('golden.conf'), join("\n", '[odrbackup]', 'state=' . new_dir(work_path('golden-state')),
			'spool=' . new_dir(work_path('golden-spool')), "writer-bundle=$golden/bundle", "identity=$golden/identity",
			'[repository main]', 'type=posix', "path=$golden/repository", '[service golden]', 'repositories=main', ''), 0600);
	chmod 0600, map { "$golden/$_" } qw(bundle identity identity-wal owner identity-protected);
	my $to = work_path('got');
	for my $line (expected('wal')) {
		my (undef, $file, $size, $sha256) = split ' ', $line;
		tool_ok(['-c', $conf, 'archive-get', '--service', 'golden', $file, $to], "archive-get $file");
		is(-e $to && sha256_of($to), $sha256, 'is what was put there');
		unlink $to;
	}
	my $list = tool_ok(['-c', $conf, 'list', 'golden', '--json'], 'list');
	is_deeply([sort map { $_->{set} } @{ $list->json->{sets} }], [$full, $later], 'both sets') if $list->ok;

	my $tablespace = work_path('by-program-tablespace');
	my $dir = work_path('by-program');
	tool_ok(['-c', $conf, 'restore', 'golden', '--set', $full, '--type', 'immediate', '--pgdata', $dir,
			'--tablespace-map', "16385=$tablespace"], 'restore of the full set');
	my @tree = tree($dir, $full, qw(backup_label tablespace_map postgresql.auto.conf recovery.signal pg_tblspc/16385));
	my @expected = grep { my $path = pack 'H*', (split ' ', $_)[3]; $path !~ m{^outside|/16385} } expected($full);
	is_deeply(\@tree, \@expected, 'brings back exactly its content');
};

subtest 'whatever was altered is noticed, and named' => sub {
	my $all = run_program(['find', "$golden/repository", '-type', 'f', '-printf', '%P\n']);
	for my $name (sort split /\n/, $all->out) {
		next if $name eq 'repository';
		my $path = "$golden/repository/$name";
		my $good = read_file($path);
		my $local = $name =~ s{^[0-9a-f]+/}{}r;
		my @use = ('restore', '--no-sync', $later, undef, '--tablespace', undef);
		@use = ('restore', '--no-sync', $1, undef, '--tablespace', undef) if $local =~ m{^set/(.*)};
		@use = ('wal', $1, undef) if $local =~ m{^wal/.*/(.*)-[0-9a-f]+(\.\d+of\d+)?$};
		# The header, the middle, the end, and what was cut off.
		my %damaged = (start => $good, middle => $good, end => $good, cut => substr $good, 0, -1);
		my %place = (start => 30, middle => int(length($good) / 2), end => length($good) - 1);
		substr($damaged{$_}, $place{$_}, 1) ^= "\x01" for keys %place;
		my %named;
		for my $kind (sort keys %damaged) {
			write_file($path, $damaged{$kind});
			my $to = work_path("damaged-$kind-" . ++$named{count});
			my @arguments = map { $_ // $to } @use;
			$arguments[-1] = "16385=$to.tablespace" if $arguments[0] eq 'restore';
			my $run = reader(@golden, @arguments);
			my $object = $local =~ s{^set/}{set }r;
			$named{$kind} = $run->status == 126 && index($run->err, $object) >= 0 && !-e "$to/global/pg_control"
			  && ($arguments[0] eq 'restore' || !-e $to);
			diag "$kind: " . $run->status . ' ' . $run->err if !$named{$kind};
			run_program(['rm', '-rf', $to, "$to.tablespace"]);
		}
		write_file($path, $good);
		ok($named{start} && $named{middle} && $named{end} && $named{cut}, $local =~ s/([0-9a-f]{8})[0-9a-f]{20,}/$1.../gr);
	}
	my ($one, $other) = sort glob "$golden/repository/*/set/*";
	my @good = map { read_file($_) } $one, $other;
	write_file($one, $good[1]);
	reader_fails('a set under the name of another', 126, qr/set \Q$full\E: its signature does not fit its content and name/,
		@golden, 'restore', $full, work_path('swapped'));
	write_file($one, $good[0]);
};

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 })->create;
my $source = $site->cluster;
my @site = ($site->repository, $site->identity);
my $tablespace = new_dir(work_path('fast disk'));
my $oid;

subtest 'what the program writes today, both restore to the same bytes' => sub {
	$source->psql("CREATE TABLESPACE fast LOCATION '$tablespace'");
	$oid = $source->psql("SELECT oid FROM pg_tablespace WHERE spcname = 'fast'");
	$source->psql(<<'SQL');
CREATE TABLE kept (n int PRIMARY KEY, text text);
INSERT INTO kept SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 5000) n;
CREATE TABLE moved TABLESPACE fast AS SELECT n FROM generate_series(1, 10000) n;
SQL
	write_file($source->pgdata . "/not \xff utf-8", "odd\n", 0640);
	$site->backup('a backup');
	my ($set) = map { s{.*/}{}r } glob $site->repository . '/*/set/*';
	my ($by_program, $by_reader) = ($site->path('by-program'), $site->path('by-reader'));
	$site->restore('by-program', '--set', $set, '--type', 'immediate', '--tablespace-map', "$oid=" . $site->path('fast-program'));
	reader_ok('the reader restores it', @site, 'restore', '--no-sync', $set, $by_reader, '--tablespace', "$oid=" . $site->path('fast-reader'));

	my @without = ('tablespace_map', 'recovery.signal', 'postgresql.auto.conf', "pg_tblspc/$oid");
	my @reader = tree($by_reader, 'entry', @without);
	cmp_ok(scalar @reader, '>', 900, 'the whole data directory');
	is_deeply(\@reader, [tree($by_program, 'entry', @without)], 'is equal: content, modes, links');
	is_deeply([tree($site->path('fast-reader'), 'entry')], [tree($site->path('fast-program'), 'entry')], 'and the tablespace');
	is(read_file("$by_reader/postgresql.auto.conf"), read_file($source->pgdata . '/postgresql.auto.conf'), 'settings are as they were');
};

subtest 'PostgreSQL recovers by the reader alone' => sub {
	$source->psql('INSERT INTO kept SELECT n, md5(n::text) FROM generate_series(5001, 9000) n; INSERT INTO moved VALUES (0)');
	$source->archive_now;
	my $sum = 'SELECT count(*), md5(string_agg(n || text, $$ $$ ORDER BY n)), (SELECT count(*) FROM moved) FROM kept';
	my $expected = $source->psql($sum);
	$source->stop;

	my $dir = $site->path('by-reader');
	append_file("$dir/postgresql.auto.conf",
		"restore_command = '/usr/bin/python3 $program --repository $site[0] --identity $site[1] wal %f %p'\n");
	write_file("$dir/recovery.signal", '', 0600);
	my $copy = $source->copy_at('by-reader', $dir)->start(120)->wait_promoted(120);
	is($copy->psql($sum), $expected, 'every row that was archived is there');
	is($copy->amcheck('postgres'), '', 'and amcheck finds nothing');
	$copy->stop;
	my $checksums = $copy->pg_checksums;
	ok($checksums->ok, 'nor does pg_checksums') or diag $checksums->out . $checksums->err;
};

done_testing;
