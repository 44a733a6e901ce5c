#!/usr/bin/perl
# A sign of life in the WAL: an idle server's recovery point goes on, and after a recovery the newest row tells which moment
# was reached.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { conf => { archive_timeout => '1s' } })->create;
my $source = $site->cluster;
my @heartbeat = ('heartbeat', $site->service);

sub exposure { return $site->json('status', $site->service)->{repositories}[0]{exposure} }
sub point { return $site->json('status', $site->service)->{repositories}[0]{recovery_point} }

$site->backup;
my $message = $site->tool_ok([@heartbeat], 'without a database for it');
like($message->out, qr/: a message\. .*heartbeat --create/, 'it is a message, and the way to rows is told');
is($site->json(@heartbeat)->{kind}, 'message', 'so says --json');

# Each reaches the archive, although nobody works.
my $before = point();
$site->tool_ok([@heartbeat], 'on an idle server');
poll_until('a newer recovery point', sub { point() gt $before }, 60);
pass('the recovery point goes on');

# What is at risk: nothing, however long nobody works; then what was committed and not yet archived.
poll_until('nothing is at risk', sub { my $at_risk = exposure()->{at_risk_us}; defined $at_risk && $at_risk == 0 }, 60);
is(exposure()->{at_risk_basis}, 'wal', 'as the WAL of the server tells');
like($site->tool('status', $site->service)->out, qr/^ +at risk +nothing: every commit is stored$/m, 'and status says');
$source->psql($_) for q(ALTER SYSTEM SET archive_command = 'false'), 'SELECT pg_reload_conf()';
poll_until('archiving fails', sub { $source->psql('SHOW archive_command') eq 'false' }, 60);
my $since = $source->psql('CREATE TABLE at_risk AS SELECT clock_timestamp() AS t; SELECT extract(epoch FROM t) FROM at_risk');
my $at_risk = exposure();
my $now = time;
cmp_ok($at_risk->{at_risk_us}, '>', 0, 'a commit that is not archived is at risk');
cmp_ok($at_risk->{at_risk_us} / 1e6, '<=', $now + 2 - $since, 'since it was made, and no earlier one is');
cmp_ok($at_risk->{at_risk_us} / 1e6, '<=', $at_risk->{now_us} / 1e6, 'which is no more than what would be lost');
like($site->tool('status', $site->service)->out, qr/^ +at risk +commits of the last /m, 'status says it in words');
$source->psql($_) for 'ALTER SYSTEM RESET archive_command', 'SELECT pg_reload_conf()';
poll_until('archiving again', sub { exposure()->{at_risk_us} == 0 }, 60);

$source->psql('CREATE ROLE beating LOGIN');
my $conninfo = $source->conninfo =~ s/user=postgres/user=beating/r;
$site->write_conf('service ' . $site->service => { postgres => $conninfo });
$site->tool_fails([@heartbeat, '--create'], 12, qr/cannot create database odrbackup: .*permission denied/,
	'a role without the right to create says what is missing');
$site->tool_ok([@heartbeat], 'a message needs no right');
$source->psql('CREATE DATABASE odrbackup OWNER beating');
is($site->json(@heartbeat)->{sequence}, 1, 'in a database that somebody made for it, rows are written');
$source->psql('DROP DATABASE odrbackup WITH (FORCE)');

$site->write_conf;
is($site->json(@heartbeat, '--create')->{kind}, 'row', 'or in one that is made');
my $second = $site->json(@heartbeat);
is($second->{sequence}, 2, 'sequence numbers have no holes');
is($source->psql(q(SELECT count(*) FROM heartbeat WHERE lsn <= pg_current_wal_lsn() AND ts <= now()), 'odrbackup'), '2',
	'rows have their position and time');
$source->psql(q(INSERT INTO heartbeat VALUES (0, now() - interval '8 days', '0/1')), 'odrbackup');
$site->tool_ok(['-q', @heartbeat], 'quietly');
is($source->psql('SELECT min(seq), max(seq) FROM heartbeat', 'odrbackup'), '1|3', 'rows of last week go');

# Where the server's WAL cannot be read here, the rows tell: also a role that may not ask how far it has come.
my %blind = ('data-directory' => $site->path('elsewhere'));
$site->write_conf('service ' . $site->service => {%blind});
poll_until('all is archived', sub { my $at_risk = exposure()->{at_risk_us}; defined $at_risk && $at_risk == 0 }, 60);
is(exposure()->{at_risk_basis}, 'heartbeat', 'by rows, and the position of the server');
$source->psql($_, 'odrbackup') for 'REVOKE EXECUTE ON FUNCTION pg_current_wal_flush_lsn() FROM PUBLIC', 'GRANT SELECT ON heartbeat TO beating';
$site->write_conf('service ' . $site->service => { %blind, postgres => $conninfo });
my $by_rows = exposure();
is($by_rows->{at_risk_basis}, 'heartbeat', 'by rows alone') or diag $by_rows->{at_risk_unknown};
cmp_ok($by_rows->{at_risk_us} // 0, '>', 0, 'what came since the last row that is archived may be at risk');
like($site->tool('status', $site->service)->out, qr/^ +at risk +at most commits of the last /m, 'at most');
$source->psql('REVOKE SELECT ON heartbeat FROM beating', 'odrbackup');
my $nothing = exposure();
is($nothing->{at_risk_us}, undef, 'without a right to the rows it is not known');
like($nothing->{at_risk_unknown}, qr/permission denied for table heartbeat/, 'and why');
$source->psql('GRANT EXECUTE ON FUNCTION pg_current_wal_flush_lsn() TO PUBLIC', 'odrbackup');
$site->write_conf;

# After a recovery.
$source->archive_now;
my $copy = $site->recover('copy', '--type', 'time', '--target', $second->{time});
is($copy->psql('SELECT max(seq) FROM heartbeat', 'odrbackup'), $copy->psql(
		"SELECT max(seq) FROM heartbeat WHERE ts <= '$second->{time}'", 'odrbackup'), 'the newest row is not after the target');
cmp_ok($copy->psql('SELECT max(seq) FROM heartbeat', 'odrbackup'), '>=', 1, 'and there is one');
$site->write_conf('service ' . $site->service => { postgres => $copy->conninfo });
$site->tool_fails([@heartbeat], 6, qr/is a standby/, 'a server in recovery has none of its own');
$copy->stop('immediate');
$site->tool_fails([@heartbeat], 10, qr/cannot connect/, 'a server that is not there');

done_testing();
