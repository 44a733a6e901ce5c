#!/usr/bin/perl
# A drill ends, and everything that ran in it does: whatever of it is frozen, and however the drill itself comes to its end. What
# runs on the copy has nothing of ours: no descriptor, no word of the environment, no core of its memory on the disk.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1)->create;
my $root = new_dir($site->path('filestore'), 0755);
Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
$site->backup;

my $drills = Odr::Drill->new(site => $site, usual => { evidence => { key => 'evidence' } });
$drills->beside('slow/slow.sql', "-- id: slow  kind: assert  module: base  odoo: 14-18\nSELECT 0 AS bad, 1 AS total, pg_sleep(900)::text AS detail");
my %slow = ('check slow' => { type => 'sql', sql => 'slow/slow.sql', 'time-limit' => '900s' });
my $slow = $drills->plan('slow', %slow);
my $fast = $drills->plan('fast');

# One that is in the middle of a check: the program, the postmaster, and the server process that carries the check out.
sub under_way {
	my ($plan, %option) = @_;
	my $drill = $site->tool_start('drill', 'run', $plan, '--json', \%option);
	my ($backend) = poll_until('a check that takes its time', sub { return ($drills->processes(qr/^postgres: odrbackup: .* SELECT/))[0] }, 60);
	return ($drill, $drills->server, $backend =~ /(\d+)$/);
}

sub record_of {
	my ($drill) = @_;
	my ($summary) = grep { $_->{message_type} eq 'summary' } $drill->json_lines;
	return $summary->{record};
}

subtest 'what runs on the copy has nothing of ours' => sub {
	# A descriptor that whoever started the tool left open.
	open my $left, '<', $site->conf or die "cannot open: $!\n";
	fcntl $left, 2, 0 or die "cannot leave it open: $!\n";
	my ($drill, $server) = under_way($slow, env => { ODR_A_TOKEN => 'odr-token', PGPASSWORD => 'odr-password' });
	close $left;
	my @known = (qr{^/dev/null$}, qr{^(?:pipe|socket|anon_inode):}, qr{^\Q@{[$drills->sandbox]}\E/});
	my %open = map { $_ => readlink("/proc/$server/fd/$_") // '' } map { m{(\d+)$} } glob "/proc/$server/fd/*";
	is_deeply([grep { my $path = $open{$_}; !grep { $path =~ $_ } @known } keys %open], [], 'no descriptor') or diag explain \%open;
	my @environment = split /\0/, read_file("/proc/$server/environ");
	is_deeply([map { s/=.*//r } sort @environment], [qw(LC_ALL PATH TZ)], 'no word of the environment');
	like(read_file("/proc/$server/limits"), qr/^Max core file size +0 +0 /m, 'no core');
	$drill->signal('TERM');
	$drill->wait;
	$drills->ok_nothing_left('a signal');
};

subtest 'a log that is put elsewhere' => sub {
	my $secret = $site->path('secret');
	write_file($secret, "a word of ours\n", 0600);
	$drills->beside('slow/elsewhere', "#!/bin/sh\nln -sf '$secret' pg/server.log && echo done\n", 0755);
	my ($record) = $drills->run($drills->plan('elsewhere', 'check elsewhere' => { type => 'command', stage => 'promoted', command => 'slow/elsewhere' }),
		[], 0, qr/^pass/, 'by a program');
	is(Odr::Drill::check_of($record, 'elsewhere')->{message}, 'done', 'is done');
	unlike(read_file($site->path('state', 'evidence', $record->{run}{id}, 'record.json')), qr/a word of ours/, 'and shows nothing of ours');
};

subtest 'a frozen server, and a signal' => sub {
	my ($drill, $server, $backend) = under_way($slow);
	kill 'STOP', $server, $backend;
	$drill->signal('INT');
	$drill->wait(60);
	is($drill->status, 130, 'ends the drill');
	is(record_of($drill)->{outcome}, 'aborted', 'as aborted');
	like(record_of($drill)->{failure}{message}, qr/stopped by SIGINT/, 'for that reason');
	$drills->ok_nothing_left('a frozen server');
};

subtest 'a frozen process of the server, and the time that is over' => sub {
	my ($drill, $server, $backend) = under_way($drills->plan('limit', sandbox => { 'time-limit' => '20s' }, %slow));
	kill 'STOP', $backend;
	$drill->wait(90);
	is($drill->status, 1, 'ends the drill');
	is(record_of($drill)->{outcome}, 'error', 'which says nothing of the backup');
	like(record_of($drill)->{failure}{message}, qr/^it was not done within 20 s, its time-limit$/, 'for that reason');
	$drills->ok_nothing_left('a frozen process');
};

subtest 'a server that is killed' => sub {
	my ($drill, $server) = under_way($slow);
	# One of its processes does not hear that it is gone.
	my ($frozen) = map { m{(\d+)$} } $drills->processes(qr/^postgres: odrbackup: checkpointer/);
	kill 'STOP', $frozen;
	kill 'KILL', $server;
	$drill->wait(60);
	is($drill->status, 1, 'is no repository that is out of reach');
	is(record_of($drill)->{outcome}, 'error', 'but an error of the drill');
	like(record_of($drill)->{failure}{message}, qr/^the server of the copy: /, 'says so');
	like($drill->err, qr/processes of the copy were still there/, 'what was left of it is ended');
	like(read_file($site->path('state', 'evidence', record_of($drill)->{run}{id}, 'teardown.json')), qr/"server_stopped": false/, 'which is attested');
	$drills->ok_nothing_left('a killed server');
};

subtest 'a drill that is killed while its server is frozen' => sub {
	my ($drill, $server, $backend) = under_way($slow);
	kill 'STOP', $server, $backend;
	$drill->signal('KILL');
	$drill->wait;
	my (undef, $next) = $drills->run($fast, [], 0, qr/^pass/, 'the next one');
	like($next->err, qr/processes of a drill that died were still there/, 'ends what was left of it');
	$drills->ok_nothing_left('the next one');
};

subtest 'a program that leaves another one behind' => sub {
	$drills->beside('slow/leaves', "#!/bin/sh\nsleep 901 &\necho done\n", 0755);
	my ($record) = $drills->run($drills->plan('leaves', 'check leaves' => { type => 'command', command => 'slow/leaves' }), [], 0, qr/^pass/, 'a check');
	is(Odr::Drill::check_of($record, 'leaves')->{status}, 'pass', 'passes');
	is_deeply([grep { (eval { read_file("$_/cmdline") } // '') eq join("\0", qw(sleep 901), q()) } glob '/proc/[0-9]*'], [], 'and takes it along');
};

subtest 'a chain that cannot be written' => sub {
	my $chain = $site->path('state', 'audit.log');
	my $before = (() = read_file($chain) =~ /drill\.entered/g);
	my $drill = $site->tool_start('drill', 'run', $fast, '--json');
	poll_until('a restore', sub { glob $drills->sandbox . '/sandbox-*/data' }, 60);
	chmod 0400, $chain or die "cannot forbid: $!\n";
	rename $chain, "$chain.away" and mkdir $chain or die "cannot take away: $!\n";
	$drill->wait(60);
	rmdir $chain and rename "$chain.away", $chain or die "cannot give back: $!\n";
	chmod 0600, $chain;
	is($drill->status, 1, 'is no failure of a restore');
	$drills->ok_nothing_left('without a chain');
	$site->tool_ok(['audit', 'verify'], 'what there is of it holds');
};

subtest 'what is to be removed is told before it is' => sub {
	my ($record) = $drills->run($fast, [], 0, qr/^pass/, 'a drill');
	my @lines = grep { ($_->{run} // '') eq $record->{run}{id} } @{ $site->tool_ok(['audit', 'log', '--json'], 'the chain')->json->{lines} };
	my @states = map { $_->{data}{state} } grep { $_->{event} eq 'drill.entered' } @lines;
	is_deeply(\@states, [qw(opening drawn preflight provisioned isolated restoring replaying paused checks-paused promoted requeued
			neutralized checks-app controls teardown)], 'each state in its turn');
	my ($teardown) = grep { ($_->{data}{state} // '') eq 'teardown' } @lines;
	like($teardown->{data}{sandbox}, qr{^\Q@{[$drills->sandbox]}\E/sandbox-}, 'with its folder');
};

$drills->ok_evidence;
done_testing;
