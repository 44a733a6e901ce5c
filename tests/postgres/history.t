#!/usr/bin/perl
# A set on a later timeline brings the history of that timeline along, even if the server never queued it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Odr::Site;
use Odr::Tool;

my $site = Odr::Site->new(version => 15, name => 'history')->create;
my $cluster = $site->cluster;
$cluster->psql('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
$site->backup('first');
$cluster->archive_now;
$cluster->stop;

# Promoted without an archiver, PostgreSQL does not queue 00000002.history.
my $copy = $site->recover('second', '--target-action', 'promote');
$copy->psql('INSERT INTO kept VALUES (2)');
$copy->stop;

my $history = $copy->pgdata . '/pg_wal/archive_status/00000002.history';
ok(!-e "$history.done" && !-e "$history.ready", 'the server queued no history file');

$copy->{overrides}{archive_mode} = 'on';
$copy->start;
$site->write_conf('service ' . $site->service => { postgres => $copy->conninfo });
$site->tool_ok(['backup', '--quiet'], 'a set on timeline 2');
my ($newest) = reverse $site->set_ids;
my $plan = $site->json('restore', '--plan', '--set', $newest, '--type', 'immediate');
is($plan->{set}, $newest, 'the set on timeline 2 can be restored');
is($plan->{timeline}, 2, 'along its own timeline');

# It is durable now: the server may do with its file what it wants.
unlink $copy->pgdata . '/pg_wal/00000002.history' or die "cannot remove the history: $!";
$site->tool_ok(['backup', '--quiet'], 'another set, without the file at the server');
my ($another) = reverse $site->set_ids;
isnt($another, $newest, 'is a set of its own');
is($site->json('restore', '--plan', '--set', $another, '--type', 'immediate')->{timeline}, 2, 'and can be restored');
$copy->stop;
done_testing;
