#!/usr/bin/perl
# Clusters of every shape: tablespaces, sizes of WAL segments, without checksums, thousands of relations, odd paths,
# pg_wal elsewhere.
use strict;
use warnings;
use Digest::SHA;
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Glob 'bsd_glob';
use Test::More;

use Odr::Rows;
use Odr::Site;
use Odr::Work;

# Content and mode of every file below a folder.
sub content_of {
	my ($dir) = @_;
	my %content;
	find({ no_chdir => 1, wanted => sub {
			my $mode = (lstat)[2];
			$content{ substr $_, 1 + length $dir } = sprintf '%o %s', $mode & 07777, Digest::SHA->new(256)->addfile($_, 'b')->hexdigest
			  if -f _;
		} }, $dir);
	return \%content;
}

subtest 'tablespaces' => sub {
	my $site = Odr::Site->new(name => 'spaces', cluster => { wal_segsize => 64 })->create;
	my $source = $site->cluster;
	my $pgdata = $source->pgdata;
	my $verifier = $source->tool_path('pg_verifybackup');
	is($source->psql('SHOW wal_segment_size'), '64MB', 'WAL segments have 64 MiB');

	my %place = (one => $site->path('space one'), two => $site->path('space-two'), within => "$pgdata/inner space");
	my %oid;
	for my $name (sort keys %place) {
		new_dir($place{$name});
		$source->psql("CREATE TABLESPACE $name LOCATION '$place{$name}'");
		$source->psql("CREATE TABLE in_$name TABLESPACE $name AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
		$source->psql("CREATE INDEX ON in_$name (n) TABLESPACE $name");
		$oid{$name} = $source->psql("SELECT oid FROM pg_tablespace WHERE spcname = '$name'");
	}
	$source->psql("CREATE UNLOGGED TABLE fleeting TABLESPACE one AS SELECT generate_series(1, 100) n");
	$source->psql("SET allow_in_place_tablespaces = on; CREATE TABLESPACE flat LOCATION ''");
	$source->psql("CREATE TABLE in_flat TABLESPACE flat AS SELECT generate_series(1, 2000) n");
	write_file("$place{one}/of someone else", "not ours\n");
	new_dir("$place{one}/PG_14_202107181");
	write_file("$place{one}/PG_14_202107181/16384", "of an old cluster\n");
	my $rows = Odr::Rows->new($source)->start;
	$source->psql('ALTER DATABASE rows SET default_tablespace = two');
	$site->backup('a backup');
	$rows->wait_for(20)->stop;
	$source->archive_now;

	my $sums = 'SELECT ' . join(', ', map { "(SELECT sum(hashtext(t::text)) FROM in_$_ t)" } qw(one two within flat));
	my $expected = $source->psql($sums);
	my @map = map { ('--tablespace-map', "$oid{$_}=" . $site->path("new place of $_")) } qw(one two within);

	my $any = join '|', @oid{qw(one two within)};
	my $dir = $site->path('nowhere');
	$site->tool_fails([$site->restore_arguments($dir)], 6,
		qr/tablespace ($any) would go to '.+', which is not empty; map it elsewhere with --tablespace-map \1=DIR/,
		'where a tablespace is taken, it is said how to map it');
	ok(!-e $dir, 'and nothing was touched');
	$site->tool_fails([$site->restore_arguments($dir, @map, '--tablespace-map', "77=$dir.77")], 2, qr/names 77, which is no tablespace/,
		'a tablespace that the set does not have');
	$site->tool_fails([$site->restore_arguments($dir, '--tablespace-map', "$oid{one}=here")], 2, qr/absolute/, 'a place that is no absolute path');

	my $copy = $source->copy_at('mapped', $site->restore('mapped', @map, '--verify-with', $verifier),
		overrides => { allow_in_place_tablespaces => 'on' });
	is(readlink $copy->pgdata . "/pg_tblspc/$oid{$_}", $site->path("new place of $_"), "'$_' is linked to its new place") for qw(one two within);
	ok(!-e $site->path('new place of one') . '/of someone else', 'what is not of the cluster was not taken along');
	is_deeply([bsd_glob($copy->pgdata . '/inner space/*')], [], 'a tablespace inside the data directory is copied once');
	$copy->start->wait_promoted;
	is($copy->psql($sums), $expected, 'the tables are whole');
	is($copy->psql('SELECT count(*) FROM fleeting'), '0', 'an unlogged one is empty');
	is($copy->psql("SELECT pg_tablespace_location($oid{one})"), $site->path('new place of one'), 'the server knows the place');
	$rows->ok_exactly($copy, $rows->last_ord, 'the rows');
	$copy->psql('INSERT INTO in_one VALUES (0, $$only in the copy$$)');
	$copy->stop;
	is($source->psql($sums), $expected, 'the copy did not write into the tablespaces of the source');

	# The copy's tablespaces are mapped; those of the set are used by a server.
	my $before = content_of($place{one});
	$site->tool_fails([$site->restore_arguments($copy->pgdata, '--delta', '--confirm', $site->service)], 6,
		qr/tablespace ($any) would go to '.+', which is not empty/, '--delta does not go into tablespaces of another data directory');
	is_deeply(content_of($place{one}), $before, 'which are untouched');

	# In place: what was damaged, lost and added is put right, what is not the cluster's stays.
	$source->stop;
	my ($file) = bsd_glob("$place{one}/PG_15_*/*/[0-9]*");
	my ($inside) = bsd_glob("$place{within}/PG_15_*/*/[0-9]*");
	write_file($file, 'x' x 8192);
	unlink $inside or die;
	write_file($file =~ s{/[^/]+$}{/99999}r, 'y' x 8192);
	write_file("$pgdata/base/99999", 'z');
	my $delta = $site->tool_ok([$site->restore_arguments($pgdata, '--delta', '--confirm', $site->service, '--json')], 'restore in place');
	my ($summary) = grep { $_->{message_type} eq 'summary' } $delta->json_lines;
	cmp_ok($summary->{kept_files}, '>', $summary->{files} / 2, 'most files were the same');
	ok(!-e $file =~ s{/[^/]+$}{/99999}r, 'an additional file in the tablespace is gone');
	ok(!-e "$pgdata/base/99999", 'and one in the data directory');
	is(read_file("$place{one}/of someone else"), "not ours\n", 'a file beside it that is not of the cluster stays');
	is(read_file("$place{one}/PG_14_202107181/16384"), "of an old cluster\n", 'so does the folder of another version');
	$source->{overrides} = { archive_mode => 'off', allow_in_place_tablespaces => 'on' };
	$source->start->wait_promoted;
	is($source->psql($sums), $expected, 'the tables are whole again');
	is($source->amcheck, '', 'amcheck');
	$rows->ok_exactly($source, $rows->last_ord, 'the rows');
	$source->stop;
};

subtest 'segments of 1 MiB, no checksums, a path with a space, pg_wal elsewhere, 5,000 relations' => sub {
	my $place = new_dir(work_path('with space'));
	my $site = Odr::Site->new(name => 'odd', archive => 0, cluster => { wal_segsize => 1, checksums => 0, pgdata => "$place/data 'one'",
			conf => { max_locks_per_transaction => 400 } })->create;
	my $source = $site->cluster->stop;
	rename $source->pgdata . '/pg_wal', "$place/wal" or die;
	symlink "$place/wal", $source->pgdata . '/pg_wal' or die;
	$source->start;
	$site->start_archiving;
	is($source->psql('SHOW wal_segment_size'), '1MB', 'WAL segments have 1 MiB');
	is($source->psql('SHOW data_checksums'), 'off', 'no checksums');

	$source->psql("CREATE DATABASE many");
	$source->psql("DO 'BEGIN FOR i IN 1..500 LOOP EXECUTE format(\$\$CREATE TABLE t%s_%s (n int PRIMARY KEY)\$\$, $_, i);"
		. " EXECUTE format(\$\$INSERT INTO t%s_%s VALUES (%s)\$\$, $_, i, i); END LOOP; END'", 'many', timeout => 120) for 1 .. 5;
	my $count = "SELECT count(*), sum(pg_relation_size(oid)) FROM pg_class WHERE relname ~ '^t[0-9]+_'";
	like($source->psql($count, 'many'), qr/^5000\|/, '5,000 relations');
	my $rows = Odr::Rows->new($source)->start;
	$rows->wait_for(10);
	my $before = length $source->log;
	my $backup = $site->backup('a backup');
	like(substr($source->log, $before), qr/checkpoint starting: immediate force wait$/m, 'waits for a checkpoint that is made at once');
	$rows->wait_for(20);
	my $moment = $rows->moment;
	$rows->wait_for(20)->stop;
	$source->archive_now;

	# The tool's own file lies on an odd path as well: PostgreSQL gets it in restore_command.
	my $conf = "$place/it's %p of \"mine\".conf";
	write_file($conf, read_file($site->conf), 0600);
	my $target = "$place/restored 100% 'here'";
	Odr::Tool::tool_ok(['-c', $conf, $site->restore_arguments($target, '--type', 'time', '--target', $moment->{time},
				'--verify-with', $source->tool_path('pg_verifybackup'))], 'restore');
	ok(-d "$target/pg_wal" && !-l "$target/pg_wal", 'pg_wal is a folder again');
	my $copy = $source->copy_at('odd-copy', $target)->start->wait_paused;
	$rows->ok_exactly($copy, $moment->{ord}, 'exactly the rows up to the moment');
	is($copy->psql($count, 'many'), $source->psql($count, 'many'), 'all relations');
	$copy->promote;
	is($copy->psql('SELECT sum(n) FROM (' . join(' UNION ALL ', map { "SELECT n FROM t3_$_" } 1 .. 300) . ') t', 'many'),
		300 * 301 / 2, 'with their content');
	is($copy->amcheck('rows'), '', 'amcheck');
	$copy->stop;
	$source->stop;
};

subtest 'a relation of more than 1 GiB' => sub {
	plan skip_all => 'only in the full run' if !full_run();
	my $site = Odr::Site->new(name => 'large', cluster => { conf => { max_wal_size => '2GB' } })->create;
	my $source = $site->cluster;
	$source->psql("CREATE TABLE large AS SELECT n, repeat(md5(n::text), 30) AS filler FROM generate_series(1, 1200000) n",
		'postgres', timeout => 600);
	$source->psql('ALTER TABLE large ADD PRIMARY KEY (n)', 'postgres', timeout => 600);
	cmp_ok($source->psql("SELECT pg_relation_size('large')"), '>', 1 << 30, 'more than one segment');
	$site->backup('a backup', { timeout => 600 });
	my $pgdata = $site->path('copy');
	$site->tool_ok([$site->restore_arguments($pgdata, '--verify-with', $source->tool_path('pg_verifybackup'))], 'restore', { timeout => 600 });
	my $copy = $source->copy_at('large-copy', $pgdata)->start(300)->wait_promoted(300);
	my $sum = "SELECT count(*), sum(hashtext(filler)) FROM large";
	is($copy->psql($sum, 'postgres', timeout => 300), $source->psql($sum, 'postgres', timeout => 300), 'its content');
	$copy->stop;
	ok($copy->pg_checksums->ok, 'pg_checksums');
	$source->stop;
};

done_testing;
