#!/usr/bin/perl
# A real recovery, measured as the incident it is: what a restore spent its time on, what the recovered server brought back
# last, and from there what was lost and how long it took.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15)->create;
my $source = $site->cluster;
$source->psql('CREATE TABLE document (number int PRIMARY KEY)');
$site->backup('a set');
$source->psql('INSERT INTO document VALUES (1)');
my $between = $source->psql('SELECT clock_timestamp()');
$source->psql('INSERT INTO document VALUES (2)');
$source->archive_now;
$source->psql('INSERT INTO document VALUES (3)'); # in no WAL that is archived
$source->kill9;

sub facts { return $site->json('incident', 'show', @_) }

sub mark_of {
	my ($facts, $name) = @_;
	return (grep { $_->{mark} eq $name } @{ $facts->{marks} })[0];
}

# Microseconds since 1970 of a time as the tool writes it, by PostgreSQL.
sub usec {
	my ($cluster, $time) = @_;
	return $cluster->psql("SELECT (extract(epoch FROM '$time'::timestamptz) * 1000000)::bigint");
}

my $id = $site->json('incident', 'open', $site->service, '--title', 'the host is gone')->{incident};
$site->tool_ok(['incident', 'mark', $_], $_) for qw(loss decision);

my $copy;
subtest 'restored for an incident' => sub {
	my $pgdata = $site->path('nothing');
	$site->tool_fails([$site->restore_arguments($pgdata, '--incident', 'x')], 2, qr/--incident: 'x' is no id of an incident/, 'an id that is none');
	$site->tool_fails([$site->restore_arguments($pgdata, '--incident', $id, '--type', 'time', '--target', '2020-01-01T00:00:00Z')], 7,
		qr/./, 'a moment that no set leads to');
	ok(!-e $pgdata, 'nothing was touched');

	$copy = $site->recover('copy', '--incident', 'latest');
	my $foreign = write_file($site->path('foreign.log'), "2026-11-28 10:00:00.000 UTC [7] LOG:  starting PostgreSQL 15.8\n");
	$site->tool_fails(['incident', 'mark', $id, 'db-ready', '--log', $foreign], 7, qr/nothing was marked: --log: .* tells of no recovery/, 'a log without a recovery');
	$site->tool_fails(['incident', 'mark', $id, 'db-ready', '--log', '/nowhere'], 7, qr/nothing was marked: --log: cannot read/, 'one that is not there');
	$site->tool_ok(['incident', 'mark', $id, 'db-ready', '--postgres', $copy->conninfo, '--log', $copy->{log}], 'the server is asked, and its log read');
	my $facts = facts($id);
	my ($failed, $done) = @{ $facts->{restores} };
	is($failed->{outcome}, 'failed', 'the attempt that failed is one');
	is($done->{outcome}, 'ok', 'then the one that did not');
	is_deeply([map { "$_->{phase} $_->{component} $_->{outcome}" } @{ $done->{spans} }], ['locate  ok', 'base database ok', 'replay database ok', 'startup database ok'],
		'with its phases, and those that the log tells');
	my ($replay, $startup) = @{ $done->{spans} }[2, 3];
	my ($started) = $copy->psql('SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint');
	cmp_ok(abs(usec($copy, $replay->{began}) - $started), '<', 5_000_000, 'replay begins with the start of the server');
	cmp_ok($replay->{took_us}, '>', 0, 'it took some time');
	cmp_ok(usec($copy, $startup->{began}) + $startup->{took_us}, '<=', usec($copy, mark_of($facts, 'db-ready')->{time}), 'and startup ends before it is ready');
	like($site->tool('report', 'incident')->out, qr/^\| .*replay \| database \|/m, 'a report has them');
	cmp_ok($done->{spans}[1]{bytes}, '>', 0, 'and bytes');

	my $newest = $copy->psql('SELECT max(pg_xact_commit_timestamp(xmin)) FROM document');
	is($copy->psql('SELECT max(number) FROM document'), '2', 'what was archived is back');
	is(usec($copy, $facts->{figures}{recovered}), usec($copy, $newest), 'the newest recovered commit, as the server has it');
	is($facts->{figures}{rpo_us}, usec($copy, mark_of($facts, 'loss')->{time}) - usec($copy, $newest), 'the incident RPO is from there to the loss');
	is($facts->{figures}{rta_db_ready_us}, usec($copy, mark_of($facts, 'db-ready')->{time}) - usec($copy, $failed->{began}),
		'the recovery began with the first command, though that failed');
	is($facts->{figures}{outage_us}, undef, 'the outage is not over');
	is_deeply($facts->{contradictions}, [], 'nothing contradicts');
};

subtest 'asked too late' => sub {
	$copy->restart;
	my $marked = $site->tool('incident', 'mark', 'service-ready', '--postgres', $copy->conninfo);
	ok($marked->ok, 'marked');
	like($marked->err, qr/the server does not say what it replayed last/, 'a server that was started again does not know, and it is said');
	like(facts()->{figures}{rpo_why}, qr/does not say|archived WAL/, 'nor does the figure claim it');
};

subtest 'one that was made before' => sub {
	my $moment = $site->path('moment');
	$site->tool_ok([$site->restore_arguments($moment, '--type', 'time', '--target', $between)], 'a restore for nothing');
	my ($run) = $site->tool('audit', 'log', '--last', 1)->out =~ /restore\.ended .*?(\d{8}T\d{6}Z-[0-9a-f]{8})/;
	is(scalar(@{ facts()->{restores} }), 2, 'is not of the incident');
	$site->tool_ok(['incident', 'link', $run], 'until it is linked');
	my $facts = facts();
	my ($linked) = grep { $_->{run} eq $run } @{ $facts->{restores} };
	ok($linked->{linked}, 'and is then said to be');
	is($linked->{target}, 'time', 'with what it aimed at');
	is($linked->{spans}[1]{phase}, 'base', 'and its spans');
	my $stopped = $source->copy_at('moment', $moment);
	$stopped->start(120);
	$stopped->wait_paused(120);
	$site->tool_ok(['incident', 'mark', 'cutover', '--postgres', $stopped->conninfo], 'a server that has paused is asked');
	$facts = facts();
	is(usec($stopped, $facts->{figures}{recovered}), usec($stopped, $stopped->psql('SELECT max(pg_xact_commit_timestamp(xmin)) FROM document')),
		'the newest commit at a moment, too');
	$stopped->stop('immediate');
};

subtest 'one database' => sub {
	my @bin = ('--postgres-bin', $source->bin);
	$site->tool_ok(['restore', $site->service, '--database', 'postgres', '--dump', $site->path('one.dump'), @bin, '--incident', 'latest'], 'as a dump');
	my ($one) = reverse @{ facts()->{restores} };
	is_deeply([map { "$_->{phase} $_->{component} $_->{outcome}" } @{ $one->{spans} }], ['locate  ok', 'replay database ok', 'base database ok'],
		'the private server, then the dump');
};

subtest 'the end' => sub {
	my $pgdata = $site->path('nothing');
	$site->tool_ok(['incident', 'close'], 'closed');
	$site->tool_fails([$site->restore_arguments($pgdata, '--incident', $id)], 6, qr/--incident: incident $id was closed at/, 'it takes no restore');
	ok(!-e $pgdata, 'nothing was touched');
	my $other = $site->tool($site->restore_arguments($pgdata, '--plan', '--incident', '20260101T000000Z-00000000'));
	ok($other->ok, 'one that is kept on another host');
	like($other->err, qr/is not known on this host: .* incident link 20260101T000000Z-00000000 --chain/, 'is said to be, and how to join it');
	$site->tool_ok(['audit', 'verify'], 'the chain holds');
};

# A bare host: the kit alone, whose state lies in a home.
subtest 'with a kit alone' => sub {
	my $kit = $site->path('kit');
	my $home = new_dir($site->path('home'), 0700);
	$site->tool_ok(['kit', 'create', $kit, '--owner', $site->owner, '--identity', $site->identity, '--unprotected'], 'a kit');
	my @env = ('env', "XDG_STATE_HOME=$home", Odr::Tool::tool_path());
	my $opened = run_program([@env, 'incident', 'open', '--kit', $kit, '--title', 'all hosts are gone', '--json']);
	ok($opened->ok, 'opened') or diag $opened->err;
	my $there = Odr::Tool::decode_json($opened->out)->{incident};
	my $restored = run_program([@env, 'restore', '--kit', $kit, '--pgdata', $site->path('bare'), '--incident', $there], timeout => 120);
	ok($restored->ok, 'restored') or diag $restored->err;
	like($restored->out, qr/incident mark $there db-ready --postgres/, 'what comes next');
	$site->tool_ok(['incident', 'link', $there, '--chain', "$home/odrbackup"], 'joined to the chain of the host that has a configuration');
	my $facts = facts($there);
	is($facts->{title}, 'all hosts are gone', 'its title');
	is($facts->{restores}[0]{outcome}, 'ok', 'and its restore');
	is($facts->{restores}[0]{target}, 'default', 'to the end');
	$site->tool_ok(['incident', 'mark', $there, 'loss'], 'the loss');
	$facts = facts($there);
	like($facts->{figures}{rpo_why}, qr/archived WAL.*the server was not asked/, 'of a server that nobody asked the archive tells');
	cmp_ok($facts->{figures}{rpo_us}, '>', 0, 'what was lost');
};

done_testing();
