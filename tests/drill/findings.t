#!/usr/bin/perl
# What somebody has to see to after a drill is in its record, with an id that stays; a copy that lost WAL which the catalog knows of is
# found by a drill to the latest moment, and then how much can be lost is not proven.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP 'decode_json';
use Test::More;

use Odr::Drill;
use Odr::Site;
use Odr::Tool ();
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 });
my $service = $site->service;
$site->{sections}{'tier gold'} = { rpo => '1h' };
$site->{sections}{"service $service"} = { tier => 'gold', config => 'none', 'evidence-key' => $site->path('evidence') };
$site->create;
$site->tool_ok(['key', 'new', 'evidence', $site->path('evidence'), '--owner', $site->owner, '--unprotected'], 'a key for evidence');
my $source = $site->cluster;
$source->psql('CREATE TABLE ledger (amount integer)');
$source->psql('INSERT INTO ledger VALUES (7)');
$site->backup('the database');
$source->psql('INSERT INTO ledger VALUES (8)');
$source->archive_now;
$source->psql('INSERT INTO ledger VALUES (9)');
$source->archive_now;
my $drills = Odr::Drill->new(site => $site, usual => { evidence => { key => 'evidence' }, plan => { owner => 'head of operations' } });
my $latest = $drills->plan('latest');

sub rpo_of {
	my $quarter = decode_json($site->tool('report', 'quarterly', '--render', 'json')->out);
	return $quarter->{services}[0]{states}{RPO};
}

subtest 'a drill that finds all' => sub {
	my ($record) = $drills->run($latest, [], 0, 'pass', 'latest');
	is_deeply($record->{findings}, [], 'nobody has to see to anything');
	is($record->{end_of_wal_expected}, JSON::PP::true(), 'the archive ends where the catalog has it');
	my ($locate) = grep { $_->{phase} eq 'locate' } @{ $record->{spans} };
	is($record->{measured}{t_cmd}, $locate->{start}, 'when the command was given');
	ok(exists $record->{clock}{synchronized} && $record->{clock}{source} eq 'kernel', 'what the kernel says of the clock');
	like($record->{software}{libraries}{$_}, qr/^\d+\.\d/, "the version of $_") for qw(libjansson libpq libsodium libsqlite3);
	like($site->tool('report', 'drill', 'latest')->out, qr/^- Restore command given: 20\d\d-/m, 'which a report has, too');
	like($site->tool('report', $_, $_ eq 'drill' ? 'latest' : ())->out, qr/^- No time is assumed for detection, decision and cutover: /m,
		"that nothing is assumed is said: $_") for qw(drill quarterly);
	unlike(join('; ', @{ rpo_of()->{reasons} }), qr/than the catalog claimed/, 'no claim is broken');
	like($site->tool('metrics')->out, qr/^odrbackup_newest_set_timestamp_seconds\{service="$service",repository="main"\} \d/m,
		'metrics say how old the newest set is');
};

subtest 'objectives of parts' => sub {
	my ($record) = $drills->run($drills->plan('tight', objectives => { 'rto-integration' => '1ms', 'rto-config' => '1ms' }), [], 5, 'fail-objective', 'too slow');
	my %rto = map { $_->{scope} => $_->{state} } grep { $_->{kind} eq 'rto' } @{ $record->{objectives} };
	is($rto{integration}, 'missed', 'that of integration was missed');
	is($rto{config}, 'not-proven', 'that of a part which the service has not is not met');
	($record) = $drills->run($drills->plan('wide', objectives => { rto => '1h' }), [], 0, 'pass', 'one for all');
	%rto = map { $_->{scope} => $_->{state} } grep { $_->{kind} eq 'rto' } @{ $record->{objectives} };
	is_deeply(\%rto, { service => 'met', database => 'met', integration => 'met' }, 'that of the service is held by the parts there are');
	($record) = $drills->run($drills->plan('tight', objectives => { 'rto-integration' => '1ms' }), [], 5, 'fail-objective', 'too slow again');
	is_deeply([map { "$_->{id} $_->{severity} $_->{status} $_->{owner}" } @{ $record->{findings} }],
		['objective:integration:rto high open head of operations'], 'it is a finding');
};

subtest 'WAL that the catalog knows of, and the repository has not' => sub {
	my ($newest) = sort { $b cmp $a } grep { m{/[0-9A-F]{24}-} } glob $site->repository . '/*/wal/*/*';
	rename $newest, $site->path('hidden') or die "cannot move $newest: $!\n";
	my ($record) = $drills->run($latest, [], 0, 'pass-with-warnings', 'a shorter archive');
	is($record->{end_of_wal_expected}, JSON::PP::false(), 'the archive does not end where the catalog has it');
	is_deeply([map { "$_->{id} $_->{severity}" } @{ $record->{findings} }], ['wal-claim critical'], 'which is critical');
	like($record->{deviations}[0], qr/^the catalog knows of WAL up to \w{24} in repository main, and \w{24} is not in it/, 'and says what lacks');
	is(rpo_of()->{state}, 'NOT PROVEN', 'how much can be lost is not proven');
	like(join('; ', @{ rpo_of()->{reasons} }), qr/a drill to the latest moment found less than the catalog claimed/, 'and why');
	rename $site->path('hidden'), $newest or die "cannot move it back: $!\n";
	$drills->run($latest, [], 0, 'pass', 'whole again');
	unlike(join('; ', @{ rpo_of()->{reasons} }), qr/than the catalog claimed/, 'a drill that finds it all closes that');
	like($site->tool('report', 'quarterly')->out, qr/^\| `wal-claim` \| critical \| .* \| head of operations \| – \| closed after .*\|/m, 'so it says');
};

subtest 'reports where the command line says' => sub {
	my ($junit, $report) = ($site->path('r.xml'), $site->path('r.md'));
	my ($record) = $drills->run($latest, ['--junit', $junit, '--report', $report], 0, 'pass', 'with reports');
	like(read_file($junit), qr/<testsuite name="latest, run $record->{run}{id}, /, 'results of this drill');
	like(read_file($report), qr/^- Run: `$record->{run}{id}`$/m, 'and its report');
	$site->tool_fails(['drill', 'run', $latest, '--report', $site->path('r.pdf')], 2, qr/--report: '.*r\.pdf' does not end as a report does/, 'a form there is none of');
	my $broken = write_file($site->path('plans', 'broken.plan'), "[plan]\nversion = 1\n");
	my $pipeline = run_program(['sh', '-c', 'ODRBACKUP="$1 -c $2" exec "$3" "$4" "$5"', '-', Odr::Tool::tool_path(), $site->conf,
			source_path('contrib/ci/restore-test'), $broken, $junit]);
	is($pipeline->status, 2, 'a drill that cannot begin is red in a pipeline');
	ok(!-e $junit, 'which does not take the results of an earlier one for its own');
};

$drills->ok_evidence;
done_testing();
