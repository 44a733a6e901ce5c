#!/usr/bin/perl
# A mark is a named point to come back to: exactly before the change that followed it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $site = Odr::Site->new(version => 15)->create;
my $cluster = $site->cluster;
my $service = $site->service;

$cluster->psql('CREATE TABLE note (word text)');
$cluster->psql("INSERT INTO note VALUES ('before')");
$site->backup('first');
my $marked = $site->tool_ok(['mark', $service, 'deploy 1', '--note', 'the first', '--wait'], 'a mark, durable');
my ($takes) = $marked->out =~ /^What coming back to it takes: odrbackup (.+)$/m;
my $taken = run_program(['sh', '-c', Odr::Tool::tool_path() . " $takes"]);
ok($taken->ok, 'what comes next works as it was printed') or diag $taken->describe;
like($taken->out, qr/^point +up to mark 'deploy 1'/m, 'and tells what it takes');
$cluster->psql("INSERT INTO note VALUES ('after')");
$site->backup('second');
$site->tool_ok(['mark', $service, 'deploy-2'], 'another');

my ($first, $second) = $site->set_ids;

subtest 'listed' => sub {
	my $out = $site->tool_ok(['list', '--marks'], 'list')->out;
	like($out, qr/^deploy 1 .* the first$/m, 'the first, with its note');
	like($out, qr/^deploy-2 /m, 'the second');
	my $marks = $site->json('list', '--marks')->{marks};
	is_deeply([map { $_->{name} } @$marks], ['deploy 1', 'deploy-2'], 'and as JSON');
};

subtest 'refused' => sub {
	my $result = $site->tool('mark', $service, 'deploy 1');
	is($result->status, 1, 'a name that is taken');
	like($result->err, qr/already.*choose another name/, 'with advice');
	is($site->tool('mark', $service, $_)->status, 2, 'no name') for ('', ' x', "a\nb", 'x' x 64);
};

subtest 'comes back' => sub {
	my $plan = $site->json($site->restore_arguments(work_path('plan'), '--type', 'name', '--target', 'deploy 1', '--plan'));
	is($plan->{set}, $first, 'from the set that leads to it') or diag explain $plan;
	my $copy = $site->recover('copy', '--type', 'name', '--target', 'deploy 1', '--target-action', 'promote');
	is($copy->psql('SELECT word FROM note'), 'before', 'exactly before the change');
	$copy->stop;
};

done_testing;
