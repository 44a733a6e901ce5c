#!/usr/bin/perl
# A lab is a drill that is given something wrong, and has to find it. It alters what is read and nothing that is stored, counts for
# nothing, and leaves nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 });
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{"service $service"} = { filestore => $root, config => 'none', 'evidence-key' => $site->path('evidence') };
$site->create;
$site->tool_ok(['key', 'new', 'evidence', $site->path('evidence'), '--owner', $site->owner, '--unprotected'], 'a key for evidence');
my $source = $site->cluster;
my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->create;
$shop->upload("file $_") for 1 .. 5;
$site->backup('database and filestore');
for my $round (1 .. 4) {
	$source->psql("CREATE TABLE round_$round AS SELECT n, md5(n::text) FROM generate_series(1, 5000) n", 'shop');
	$source->archive_now;
}
$site->tool_ok(['backup', $service, '--part', 'filestore'], 'the filestore again');

my $drills = Odr::Drill->new(site => $site, usual => { evidence => { key => 'evidence' } });
my $plan = $drills->plan('weekly');
my $short = $drills->plan('short', objectives => { rto => '1s' });
$drills->run($plan, [], 0, 'pass', 'without a fault');

# What a lab must not touch: objects, evidence, the chain, what status says.
sub state_of_all {
	my $objects = run_program(['sh', '-c', 'find "$1" -type f -exec sha256sum {} + | sort', 'sh', $site->repository], user => 'root')->out;
	return [$objects, map { $site->tool(@$_)->out } ['evidence', 'list', '--json'], ['drill', 'due', $plan, '--json'], ['drill', 'coverage', '--json']];
}

my $before = state_of_all();
my @cases = (
	['wal-gap', $plan, 7, 'fail-restore'],
	['bitflip', $plan, 13, 'fail-restore'],
	['expired-credential', $plan, 12, 'fail-restore'],
	['slow', $short, 5, 'fail-objective'],
);
for my $case (@cases) {
	my ($fault, $which, $status, $outcome) = @$case;
	my ($record, $result) = $drills->run($which, ['--lab', '--inject', $fault], $status, $outcome, $fault);
	is($record->{run}{trigger}, 'lab', "$fault: the record says what it was");
	like($record->{failure}{message}, qr/^WAL was there up to [0-9A-F]{24} when the drill began, and [0-9A-F]{24} of it is gone$/,
		'what is gone is named') if $fault eq 'wal-gap';
	$drills->ok_nothing_left($fault);
	ok(!-e $site->path('spool', $service, 'lab'), "$fault: nor of its own chain");
}
is_deeply(state_of_all(), $before, 'nothing is stored, nothing counts');
$site->tool_ok(['evidence', 'verify'], 'and the evidence there is holds');

my ($record, $result) = $drills->run($plan, ['--lab', '--inject', 'slow'], 4, qr/^pass/, 'a fault that nobody notices');
like($result->err, qr/the drill was slower, and nobody noticed \(pass\S*\): give the plan an objective/, 'is told');
($record, $result) = $drills->run($plan, ['--lab', '--inject', 'wal-gap', '--target', 'time:2199-01-01T00:00:00Z'], 4, 'fail-restore', 'a fault that is not met');
like($result->err, qr/the drill never met the fault wal-gap, and shows nothing \(fail-restore\)/, 'is told');

my @run = ('drill', 'run', $plan);
$site->tool_fails([@run, '--lab'], 2, qr/--lab and --inject FAULT go together/, 'a lab without a fault');
$site->tool_fails([@run, '--inject', 'slow'], 2, qr/--lab and --inject FAULT go together/, 'a fault without a lab');
$site->tool_fails([@run, '--lab', '--inject', 'slwo'], 2, qr/there is no fault 'slwo'; did you mean 'slow'\?/, 'no fault');
$site->tool_fails([@run, '--lab', '--inject', 'slow', '--if-due'], 2, qr/a lab is never due/, 'a lab on schedule');

done_testing();
