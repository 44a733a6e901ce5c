#!/usr/bin/perl
# A server that says yes to locks and holds none: whatever is asked for there ends in "not immutable". Without lock= it
# is a good store, and called what it is.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Site;
use Odr::Swift;
use Odr::Work;

plan skip_all => 'Swift runs as root' if $> != 0;

my $swift = Odr::Swift->start;
my $credentials = $swift->credentials(work_path('credentials'));
$swift->make_bucket('plain');
$swift->make_bucket('versioned', lock => 1, versions => 1);

my %repository = (type => 's3', path => undef, endpoint => $swift->endpoint, bucket => 'plain', credentials => $credentials,
	'retry-for' => '5s');
my $site = Odr::Site->new(sections => { 'repository main' => \%repository })->create;

sub step {
	my ($document, $name) = @_;
	my ($step) = grep { $_->{step} eq $name } @{ $document->{repositories}[0]{steps} };
	return $step ? "$step->{state}: $step->{saw}" : 'absent';
}

# As it can be used: objects come and go, moments are reached, nothing is promised.
$site->cluster->psql('CREATE TABLE invoice (id int); INSERT INTO invoice SELECT generate_series(1, 1000)');
$site->backup('a backup');
my $copy = $site->recover('copy', '--type', 'immediate', '--target-action', 'promote');
is($copy->psql('SELECT count(*) FROM invoice'), '1000', 'it restores');
$copy->stop('immediate');
my $check = $site->json('check', '--prove-lock');
is($check->{state}, 'warning', 'check finds nothing worse than that there are no versions');
like(step($check, 'versions'), qr/^warning: off: what is overwritten or deleted is gone$/, 'which it says');
like(step($check, 'lock'), qr/^ok: not immutable: the store does not know Object Lock, and lock=none$/, 'and that nothing is immutable');
like(step($check, 'proof'), qr/^warning: nothing is proven: lock=none$/, 'a proof of nothing is none');
my %protected = map { $_->{code} => $_->{protected} } @{ $check->{repositories}[0]{protection} };
is_deeply([@protected{qw(host-deletes host-overwrites ransomware keeper-deletes operator)}], [('no') x 5],
	'what it does not protect against is said');

$site->write_conf('repository main' => { bucket => 'versioned' });
$site->tool_ok(['init', 'erp-prod', '--single-recipient'], 'a bucket that was made with Object Lock, it says');
$site->backup('a backup into a bucket with versions');
is(scalar $site->set_ids, 1, 'which lists it');
$site->{sections}{odrbackup}{'archive-check-timeout'} = '1s';
for my $bucket (qw(plain versioned)) {
	for my $lock (qw(governance compliance)) {
		my $what = "lock=$lock, bucket $bucket";
		my $before = grep { $_->{key} =~ m{/set/} } $swift->versions($bucket) if $bucket eq 'versioned';

		$site->write_conf('repository main' => { bucket => $bucket, lock => $lock });
		$site->tool_fails(['init', 'erp-prod', '--single-recipient'], 6, qr/nothing would be immutable|whether bucket $bucket can lock cannot be told/,
			"$what: init refuses");
		$site->cluster->psql('INSERT INTO invoice VALUES (1)');
		my $segment = $site->cluster->pgdata . '/pg_wal/' . $site->cluster->psql('SELECT pg_walfile_name(pg_current_wal_lsn())');
		$site->cluster->psql('SELECT pg_switch_wal()');
		$site->tool_fails([$site->backup_arguments], 6, qr/lock=$lock, but/, "$what: backup refuses");
		$site->tool_fails(['archive-push', '--service', $site->service, $segment], 6, qr/lock=$lock, but/, "$what: archive-push refuses");
		$check = $site->tool('check', '--json', '--prove-lock')->json;
		like(step($check, 'lock'), qr/^bad: lock=$lock, but not immutable: /, "$what: check says that nothing is immutable");
		like(step($check, 'proof'), qr/^bad: not immutable: the store took an object with a lock, and it has none$/,
			"$what: and proves it");
		%protected = map { $_->{code} => $_->{protected} } @{ $check->{repositories}[0]{protection} };
		is($protected{'keeper-deletes'}, 'no', "$what: and claims nothing");
		is(scalar(grep { $_->{key} =~ m{/set/} } $swift->versions($bucket)), $before, "$what: no set was published")
			if $bucket eq 'versioned';
	}
}

done_testing();
