#!/usr/bin/perl
# Every supported major is captured and brought back: to a time, exactly, and to the end. In the full run each also with
# the smallest WAL segments and without checksums. PostgreSQL 15 has the other files for itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Rows;
use Odr::Site;
use Odr::Work;

sub proves {
	my ($version, $name, %cluster) = @_;
	my $site = Odr::Site->new(version => $version, name => $name, cluster => \%cluster)->create;
	my $source = $site->cluster;
	my $places = { one => $site->path('space'), copy => $site->path('copy-space') };

	new_dir($places->{one});
	$source->psql("CREATE TABLESPACE one LOCATION '$places->{one}'");
	$source->psql('CREATE TABLE spaced TABLESPACE one AS SELECT n, md5(n::text) FROM generate_series(1, 3000) n');
	$source->psql('CREATE UNLOGGED TABLE fleeting AS SELECT generate_series(1, 10) n');
	$source->psql("SELECT pg_create_physical_replication_slot('slot', true)");
	my $oid = $source->psql("SELECT oid FROM pg_tablespace WHERE spcname = 'one'");
	my $rows = Odr::Rows->new($source)->start;
	$source->psql('CREATE EXTENSION amcheck', 'rows');
	$rows->wait_for(10);
	my $backup = $site->backup('a backup under load');
	unlike($backup->err, qr/\S/, 'without complaints');
	$rows->wait_for(20);
	my $moment = $rows->moment('moment');
	$rows->wait_for(20)->stop;
	$source->archive_now;

	my @map = ('--tablespace-map', "$oid=$places->{copy}");
	my $pgdata = $site->path('copy');
	$site->tool_ok([$site->restore_arguments($pgdata, @map, '--type', 'time', '--target', $moment->{time},
				'--verify-with', $source->tool_path('pg_verifybackup'))], 'restore to a time, verified by pg_verifybackup');
	my $by_hand = $source->pg_verifybackup($pgdata);
	ok($by_hand->ok, 'pg_verifybackup by hand') or diag $by_hand->out . $by_hand->err;
	my $copy = $source->copy_at("$name-copy", $pgdata)->start->wait_paused;
	$rows->ok_exactly($copy, $moment->{ord}, 'exactly the rows committed before');
	is($copy->amcheck('rows'), '', 'amcheck at the target');
	$copy->promote;
	is($copy->psql('SELECT count(*), sum(hashtext(s::text)) FROM spaced s'), $source->psql('SELECT count(*), sum(hashtext(s::text)) FROM spaced s'),
		'the tablespace');
	is($copy->psql('SELECT count(*) FROM fleeting'), '0', 'an unlogged table is empty');
	is($copy->psql('SELECT count(*) FROM pg_replication_slots'), '0', 'no slot came along');
	# A neighbour's pg_checksums looks for tablespaces of its own version.
	$copy->psql($_) for -x $source->bin . '/pg_checksums' ? () : ('DROP TABLE spaced', 'DROP TABLESPACE one');
	$copy->stop;
	if ($cluster{checksums} // 1) {
		my $checked = $copy->pg_checksums;
		ok($checked->ok, 'pg_checksums') or diag $checked->out . $checked->err;
	}
	run_program(['rm', '-rf', $places->{copy}]);

	my $plan = $site->json($site->restore_arguments($site->path('latest'), @map, '--plan'));
	$copy = $site->recover('latest', @map);
	is($copy->psql(q{SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')}) =~ s/\.?0*Z$/Z/r,
		$plan->{last_commit} =~ s/\.?0*Z$/Z/r, 'the last commit is the one that the plan told');
	$rows->ok_exactly($copy, $rows->last_ord, 'the end of the archive: every row');
	$copy->stop;
	$source->stop;
	run_program(['rm', '-rf', $site->path('copy'), $site->path('latest'), $source->pgdata]);
}

for my $version (13, 14, 16, 17, 18) {
	subtest "PostgreSQL $version" => sub { proves($version, "pg$version") };
	next if !full_run();
	subtest "PostgreSQL $version, segments of 1 MiB, no checksums" =>
	  sub { proves($version, "pg$version-small", wal_segsize => 1, checksums => 0) };
}

done_testing;
