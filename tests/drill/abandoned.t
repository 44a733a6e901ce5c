#!/usr/bin/perl
# A drill whose process dies gets its signed record and its attested teardown from the next command that can sign: whoever closed
# it in the chain, wherever it was, and whatever it left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path ();
use Digest::SHA qw(sha256_hex);
use JSON::PP qw(decode_json);
use Test::More;

use Odr::Drill;
use Odr::Site;
use Odr::Tool ();
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1);
my $service = $site->service;
my $told = $site->path('told');
$site->{sections}{odrbackup}{drills} = $site->path('plans');
$site->{sections}{'notify me'} = { type => 'command', command => write_file($site->path('tell'), <<"SH", 0700) };
#!/bin/sh
echo "\$ODR_RUN_ID \$ODR_OUTCOME" >>$told
SH
$site->create;
my $source = $site->cluster;
$source->psql('CREATE DATABASE shop');
$source->psql('CREATE TABLE thing AS SELECT generate_series(1, 1000) AS id', 'shop');
$site->backup('a set');
$source->psql('INSERT INTO thing SELECT generate_series(1, 1000)', 'shop') for 1 .. 3;
$source->psql('SELECT txid_current()');
$source->archive_now;

my $drills = Odr::Drill->new(site => $site,
	usual => { select => { margin => '0s' }, evidence => { key => 'evidence' }, notify => { 'on-abandoned' => 'me' } });
my $sandbox = $drills->sandbox;
my $random = $drills->plan('random', select => { target => 'random' });
my $latest = $drills->plan('latest');

sub evidence_of { return $site->path('state', 'evidence', $_[0], $_[1]) }

sub lines_of {
	my ($run) = @_;
	return @{ $site->tool_ok(['audit', 'log', '--run', $run, '--json'], 'the chain')->json->{lines} };
}

sub newest_run {
	my @begun = grep { $_->{event} eq 'drill.scheduled' } @{ $site->tool('audit', 'log', '--json')->json->{lines} };
	return $begun[-1]{run};
}

# Dies with everything that belongs to it once $ready says so: its id.
sub killed {
	my ($plan, $what, $ready) = @_;
	my $died = $site->tool_start('drill', 'run', $plan);
	poll_until($what, $ready, 60);
	$died->signal('KILL');
	$died->wait;
	return newest_run();
}

# One record, one attestation, and both verifiers agree that all of it holds.
sub ok_ended {
	my ($run, $name, $command) = @_;
	my @events = map { $_->{event} . ($_->{data}{state} ? ":$_->{data}{state}" : '') } lines_of($run);
	my ($at) = grep { $events[$_] eq 'drill.abandoned' } 0 .. $#events;
	is_deeply([@events[$at + 1 .. $#events]], [qw(drill.judged drill.signed drill.stored drill.entered:teardown drill.closed)], "$name: what is done for it");
	my $record = decode_json(read_file(evidence_of($run, 'record.json')));
	is($record->{outcome}, 'abandoned', "$name: its record says so");
	is_deeply([@{$record}{qw(checks spans objectives)}], [[], [], []], "$name: nothing is claimed to have been looked at");
	is_deeply([grep { defined } values %{ $record->{measured} }], [], "$name: nor measured");
	my $teardown = decode_json(read_file(evidence_of($run, 'teardown.json')));
	is_deeply($teardown->{left}, [], "$name: nothing is left");
	is($teardown->{command}, $command, "$name: by whom it was removed");
	$site->tool_ok(['evidence', 'verify', $run, '--stored'], "$name: it verifies");
	ok(-e evidence_of($run, 'receipt.json.sig'), "$name: it is stored");
	my ($object) = glob $site->repository . "/*/evidence/$run/teardown.json";
	ok($object, "$name: with its attestation");
	ok_verified($name);
	$drills->ok_nothing_left($name);
	return ($record, $teardown);
}

sub ok_verified {
	my ($name) = @_;
	my $verified = run_program([source_path('contrib/verify-evidence'), $site->path('state'), $site->path('evidence.pem')], timeout => 600);
	is($verified->status, 0, "$name: for openssl and jq, too") or diag join "\n", grep { !/^warning/ } split /\n/, $verified->out . $verified->err;
}

subtest 'while its server runs' => sub {
	my $run = killed($random, 'a server', sub { glob "$sandbox/sandbox-*/data/postmaster.pid" });
	my ($root) = glob "$sandbox/sandbox-*";
	my ($next, $result) = $drills->run($latest, [], 0, qr/^pass/, 'the next one');
	like($result->err, qr/drill \Q$run\E did not end: it is recorded as abandoned/, 'says so');
	my ($record, $teardown) = ok_ended($run, 'a drill in replay', 'drill run');
	like($record->{failure}{state}, qr/^(?:restoring|replaying|paused|checks-paused)$/, 'where it was');
	like($record->{failure}{message}, qr/^its process ended without a word/, 'and why');
	is($record->{plan}{name}, 'random', 'its plan');
	ok(scalar @{ $record->{plan}{files} }, 'with its files');
	like($record->{draw}{drawn}, qr/^(?:time|lsn|name):/, 'its draw');
	is_deeply([sort grep { !/report/ } map { $_->{name} } @{ $record->{files} }], [qw(draw.json drill.plan drill.plan.sha256 holdings.json population.tsv)],
		'and what it wrote of that');
	is($record->{source}{repository}, 'main', 'from where') or diag explain $record->{source};
	ok($record->{source}{set}, 'and from which set');
	is_deeply([@{$teardown}{qw(sandbox found)}], [$root, JSON::PP::true()], 'what was removed');
	is($next->{previous_record_sha256}, sha256_hex(read_file(evidence_of($run, 'record.json'))), 'the next record names it');
	is(read_file($told), "$run abandoned\n", 'people are told, once');
	like($site->tool_ok(['report', 'drill', $run], 'a report')->out, qr/ABANDONED/, 'of it');
	my $junit = $site->tool_ok(['report', 'drill', $run, '--render', 'junit'], 'JUnit')->out;
	like($junit, qr/ failures="0" errors="1"/, 'has an error');
	my $quarter = $site->tool('report', 'quarterly', '--render', 'json')->json;
	my ($attempt) = grep { $_->{run} eq $run } @{ $quarter->{services}[0]{attempts} };
	is($attempt->{outcome}, 'abandoned', 'the matrix of the quarter has it');
};
subtest 'closed by a command that makes no records, and removed by hand' => sub {
	my $run = killed($latest, 'a copy', sub { glob "$sandbox/sandbox-*/data" });
	$site->tool_ok(['audit', 'checkpoint', $service], 'a checkpoint');
	like(read_file($told), qr/^\Q$run\E abandoned\n\z/m, 'people are told by it');
	ok(!-e evidence_of($run, 'record.json'), 'there is no record yet');
	poll_until('the end of what ran there', sub { !$drills->processes }, 60);
	File::Path::remove_tree(glob "$sandbox/sandbox-*");
	is($site->tool('drill', 'clean')->status, 8, 'there is nothing kept');
	my (undef, $teardown) = ok_ended($run, 'removed by hand', 'drill clean');
	is($teardown->{found}, JSON::PP::false(), 'it was gone already');
	is(scalar(() = read_file($told) =~ /\Q$run\E/g), 1, 'people are told once');
	my @before = glob evidence_of($run, '*');
	is($site->tool('drill', 'clean')->status, 8, 'and then nothing is to be done');
	is_deeply([glob evidence_of($run, '*')], \@before, 'nor done');
};

subtest 'something cannot be removed' => sub {
	my $run = killed($latest, 'a copy', sub { glob "$sandbox/sandbox-*/data" });
	my ($root) = glob "$sandbox/sandbox-*";
	my $held = new_dir("$root/held");
	mkdir "$held/by-root" or die "cannot hold: $!\n";
	chown 0, 0, $held;
	chmod 0755, $held;
	my $clean = $site->tool('drill', 'clean');
	is($clean->status, 1, 'it fails');
	like($clean->err, qr/warning: not everything is removed: .*\Q$root\E/, 'and names what is left');
	is_deeply(decode_json(read_file(evidence_of($run, 'teardown.json')))->{left}, [$root], 'so does the attestation');
	like($site->tool('evidence', 'verify', $run)->out, qr/^warning +\Q$run\E +leftover/m, 'and the verifier');
	$clean = $site->tool('drill', 'clean');
	is($clean->status, 1, 'so it does again') or diag $clean->describe;
	like($clean->err, qr/\Q$root\E/, 'with its name');
	File::Path::remove_tree($root);
	is($site->tool('drill', 'clean')->status, 8, 'until somebody removes it');
};

subtest 'its repository is away' => sub {
	my $run = killed($latest, 'a copy', sub { glob "$sandbox/sandbox-*/data" });
	rename $site->repository, $site->repository . '.away' or die "cannot rename: $!\n";
	my $clean = $site->tool('drill', 'clean');
	is($clean->status, 10, 'it fails as that does') or diag $clean->describe;
	ok(-e evidence_of($run, "$_.sig"), "$_ is signed all the same") for qw(record.json teardown.json);
	$drills->ok_nothing_left('without a repository');
	rename $site->repository . '.away', $site->repository or die "cannot rename: $!\n";
	is($site->tool('drill', 'clean')->status, 8, 'once it is back');
	my @events = map { $_->{event} } lines_of($run);
	is_deeply([@events[-2, -1]], ['drill.stored', 'drill.closed'], 'all of it is stored');
	my ($object) = glob $site->repository . "/*/evidence/$run/teardown.json.sig";
	ok($object, 'with its attestation');
	$site->tool_ok(['evidence', 'verify', $run, '--stored'], 'and holds');
};
done_testing;
