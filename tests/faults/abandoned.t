#!/usr/bin/perl
# A command that ends an abandoned drill may die between any two steps: the next one does the rest, and there is one record,
# one attestation, one end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Test::More;

use Odr::Drill;
use Odr::Faults;
use Odr::Tool;
use Odr::Work;

my $plans = work_path('plans');
my $site = small_site(evidence => 1, sections => { odrbackup => { drills => $plans } });
$site->backup('a set');
$site->cluster->psql('SELECT txid_current()');
$site->cluster->archive_now;
my $drills = Odr::Drill->new(site => $site, plans => $plans, usual => { select => { margin => '0s', target => 'random' }, evidence => { key => 'evidence' } });
my $plan = $drills->plan('weekly');

sub lines { return @{ $site->tool_ok(['audit', 'log', '--json'], 'the chain')->json->{lines} } }
sub events_of { my ($run) = @_; return grep { ($_->{run} // '') eq $run } lines() }

# Dies at the k-th file that it writes: its id; undef where it does not write so many.
my $ended;
sub died_at {
	my ($k) = @_;
	my $log = work_path('died.log');
	write_file($log, '', 0666);
	$ended = $site->tool('drill', 'run', $plan, { env => { ODR_FAULT => "file.write:$k:kill", ODR_FAULT_LOG => $log } });
	return unless -s $log;
	my ($last) = reverse grep { $_->{event} eq 'drill.scheduled' } lines();
	return $last && $last->{run};
}

sub ok_ended {
	my ($run, $name) = @_;
	my %count;
	$count{$_->{event}}++ for events_of($run);
	is_deeply([@count{qw(drill.abandoned drill.signed drill.stored drill.closed)}], [1, 1, 1, 1], "$name: one record, one end")
	  or diag explain \%count;
	my $folder = $site->path('state', 'evidence', $run);
	my $record = decode_json(read_file("$folder/record.json"));
	ok(-e "$folder/$_", "$name: $_") for qw(record.json.sig receipt.json.sig teardown.json.sig);
	my @stored = glob $site->repository . "/*/evidence/$run/{record,receipt,teardown}.json.sig";
	is(scalar @stored, 3, "$name: all of it is stored");
	my $verified = $site->tool('evidence', 'verify', $run, '--stored');
	is($verified->status, 0, "$name: it holds") or diag $verified->describe;
	$drills->ok_nothing_left($name);
	return $record;
}

# Wherever the drill itself died, up to where it restores one file after the other.
subtest 'a drill that dies at any file it writes' => sub {
	my %outcomes;
	for (my $k = 1; $k <= 40; $k += every(6)) {
		my $before = grep { $_->{event} eq 'drill.scheduled' } lines();
		my $run = died_at($k);
		ok($ended->died_of || $ended->status == 0, "file $k: it dies, or does not write so many") or diag $ended->describe;
		my $after = grep { $_->{event} eq 'drill.scheduled' } lines();
		next if $after == $before;
		my @ended = grep { $_->{event} eq 'drill.closed' } events_of($run);
		next if @ended;
		my $clean = $site->tool('drill', 'clean');
		is($clean->status, 8, "file $k: it is ended") or diag $clean->describe;
		$outcomes{ ok_ended($run, "file $k")->{outcome} }++;
	}
	ok($outcomes{abandoned}, 'most of them were abandoned') or diag explain \%outcomes;
};

# Wherever the one that ends it dies.
for my $point (qw(file.write store.put)) {
	my $run;
	fault_sweep("ending it, $point", point => $point, action => 'kill', stride => every(3),
		before => sub { $run = died_at(20) // die "it did not die\n" . $ended->describe },
		run => sub { my ($options) = @_; new_dir($drills->sandbox . '/kept-one'); return $site->tool('drill', 'clean', '--all', $options) },
		check => sub {
			my ($k) = @_;
			like($site->tool('drill', 'clean')->status, qr{^[08]$}, "killed at $point $k: the next one ends it");
			ok_ended($run, "killed at $point $k");
		});
}
done_testing;
