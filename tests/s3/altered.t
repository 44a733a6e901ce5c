#!/usr/bin/perl
# A thief with a writer's credential and more: every object hidden behind a delete marker, or overwritten. Readers see
# through it, restore, and say what they found.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $credentials = $ceph->credentials(work_path('credentials'));
my $bucket = $ceph->make_bucket('versioned', versions => 1);
my $site = Odr::Site->new(sections => { 'repository main' => { type => 's3', path => undef, endpoint => $ceph->endpoint,
	bucket => $bucket, credentials => $credentials, 'retry-for' => '5s' } })->create;

$site->cluster->psql('CREATE TABLE invoice (id int); INSERT INTO invoice SELECT generate_series(1, 1000)');
$site->backup('a backup');
$site->cluster->psql('INSERT INTO invoice SELECT generate_series(1001, 2000)');
my $moment = $site->cluster->psql('SELECT now()');
my $segment = $site->cluster->psql('INSERT INTO invoice VALUES (-1); SELECT pg_walfile_name(pg_current_wal_insert_lsn())');
$site->cluster->psql('SELECT pg_switch_wal()');
poll_until('the segment is archived', sub {
	$site->cluster->psql("SELECT last_archived_wal >= '$segment' FROM pg_stat_archiver") =~ /t/ }, 60);
$site->tool_ok(['check', 'erp-prod', '--repository-scan'], 'nothing is altered');

my ($set) = $site->set_ids;
my @objects = $ceph->versions($bucket);
my %whole = map { $_->{key} => $ceph->must('GET', "/$bucket/$_->{key}")->{content} } @objects;

# Each object, in turn: hidden, emptied, cut, overwritten by something else.
my @ways = (
	[hidden => sub { $ceph->must('DELETE', "/$bucket/$_[0]") }],
	[emptied => sub { $ceph->must('PUT', "/$bucket/$_[0]", body => '') }],
	[cut => sub { $ceph->must('PUT', "/$bucket/$_[0]", body => substr $whole{ $_[0] }, 0, length($whole{ $_[0] }) / 2) }],
	[garbled => sub { my $body = $whole{ $_[0] }; substr($body, length($body) / 2, 1) ^= "\1";
		$ceph->must('PUT', "/$bucket/$_[0]", body => $body) }],
);

sub restores {
	my ($name) = @_;
	my $copy = $site->recover($name, '--type', 'time', '--target', $moment, '--target-action', 'promote');
	is($copy->psql('SELECT count(*) FROM invoice'), '2000', "what was $name restores");
	$copy->stop('immediate');
	run_program(['rm', '-rf', $copy->pgdata]);
}

for my $way (@ways) {
	my ($name, $alter) = @$way;
	$alter->($_->{key}) for @objects;
	restores($name);
	is_deeply([$site->set_ids], [$set], "the set that was $name is listed");
	my $count = @objects;
	my $check = $site->tool_fails(['check', 'erp-prod', '--repository-scan', '--json'], 13, qr/^/, "a check finds what was $name");
	my $told = () = $check->out =~ /"code": ?"object\.(?:hidden|replaced)"/g;
	my ($more) = $check->out =~ /(\d+) objects? more, hidden or replaced/;
	is($told + ($more // 0), $count, "all $count objects that were $name are found") or diag($check->out);
	like($check->out, qr/"code": ?"object\.good"/, "and nothing that was $name is lost");
	like($site->tool_ok(['status', 'erp-prod'], 'status')->out, qr/\d+ objects? (?:was|were) found hidden or replaced, last/,
		'status remembers it');
	# As it was: the versions on top are taken away.
	my %kept = map { $_->{version} => 1 } @objects;
	$ceph->must('DELETE', "/$bucket/$_->{key}", query => { versionId => $_->{version} })
		for grep { !$kept{ $_->{version} } } $ceph->versions($bucket);
}
$site->tool_ok(['check', 'erp-prod', '--repository-scan'], 'nothing is altered any more');

# The repository as it was: what came later, sets and WAL, is not there.
my $then = $site->cluster->psql('SELECT clock_timestamp()');
$site->cluster->psql('INSERT INTO invoice SELECT generate_series(3001, 4000)');
$site->backup('a backup by a thief');
$ceph->must('DELETE', "/$bucket/$_->{key}") for @objects;
is_deeply([$site->set_ids], [$set, (grep { $_ ne $set } $site->set_ids)], 'there are two sets now');
my $was = $site->tool_ok(['list', 'erp-prod', '--as-of', $then, '--json'], 'the list as it was');
is_deeply([$was->out =~ /"set": ?"(\S+?)"/g], [$set], 'has one');
$site->tool_ok(['show', 'erp-prod', 'latest', '--as-of', $then], 'which is the latest then');
$site->tool_fails(['list', 'erp-prod', '--as-of', 'yesterday'], 2, qr/--as-of: .*yesterday/, 'a time is a time');
my $first = $site->tool_ok(['list', 'erp-prod', '--as-of', '2000-01-01 00:00:00Z'], 'before there was anything');
like($first->err, qr/there was no set of service erp-prod at that time/, 'there was nothing');
$site->tool_fails([$site->restore_arguments($site->path('never'), '--as-of', '2000-01-01 00:00:00Z')], 7,
	qr/as of 2000-01-01T00:00:00Z: the repository holds no set of this service/, 'nor to restore');
my $copy = $site->recover('then', '--as-of', $then, '--target-action', 'promote');
is($copy->psql('SELECT count(*), max(id) FROM invoice'), '2001|2000', 'and what was there then restores, to its end');
$copy->stop('immediate');
is_deeply([grep { /wal-[0-9a-f]{32}-/ } glob $site->path('spool', '*')], [], 'nothing of it is left in the spool');

done_testing();
