#!/usr/bin/perl
# The store is the truth: a catalog that is gone or garbage, a state folder that is lost, a clock that jumped cost nothing but time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Faults;
use Odr::Tool;
use Odr::Work;

my $site = small_site();
my $promise = Odr::Faults->new($site);
my $state = $site->path('state');
my $catalog = "$state/catalog.db";
$site->backup("backup $_") for 1, 2;
my @sets = $promise->set_ids;
$promise->ok_sets('before', start => 1);
sub wipe { run_program(['rm', '-rf', @_], user => 'root') }

my $good = read_file($catalog);
my %damage = (
	'deleted' => sub { },
	'empty' => sub { write_file($catalog, '', 0600) },
	'cut by half' => sub { write_file($catalog, substr($good, 0, length($good) / 2), 0600) },
	'cut within its header' => sub { write_file($catalog, substr($good, 0, 50), 0600) },
	'garbage' => sub { write_file($catalog, join('', map { chr int rand 256 } 1 .. 20000), 0600) },
	'garbage in the middle' => sub { my $bad = $good; substr($bad, 4096, 8192) = 'x' x 8192; write_file($catalog, $bad, 0600) },
	'a folder in its place' => sub { new_dir($catalog) },
	'another program\'s log beside it' => sub { write_file($catalog, $good, 0600); write_file("$catalog-wal", 'x' x 9000, 0600) },
	'of a later version' => sub { write_file($catalog, $good, 0600);
		substr(my $later = $good, 60, 4) = pack 'N', 999; write_file($catalog, $later, 0600) },
);

subtest 'a catalog that is damaged between runs' => sub {
	for my $what (sort keys %damage) {
		wipe("$catalog", "$catalog-wal", "$catalog-shm");
		$damage{$what}->();
		my $list = $site->tool('list', $site->service, '--json');
		if ($list->ok) {
			is_deeply([map { $_->{set} } @{ $list->json->{sets} }], \@sets, "$what: list tells the sets all the same");
		} else {
			ok($list->status != 99 && !$list->died_of && object_named($list, 'catalog.db'), "$what: list names the catalog") or diag $list->describe;
		}
		# What recovery needs is not in the catalog.
		my $plan = $site->tool($site->restore_arguments($site->path('none'), '--plan'));
		ok($plan->ok, "$what: a restore can be planned") or diag $plan->describe;
		my $backup = $site->tool($site->backup_arguments);
		ok($backup->ok, "$what: a backup succeeds") or diag $backup->describe;
		# What cannot be repaired by itself is after the advice was followed.
		if (!$site->tool('list', $site->service)->ok) {
			my $rebuild = $site->tool('catalog', 'rebuild', $site->service);
			wipe($catalog, "$catalog-wal", "$catalog-shm"), $rebuild = $site->tool('catalog', 'rebuild', $site->service) if !$rebuild->ok;
			ok($rebuild->ok, "$what: the catalog is rebuilt") or diag $rebuild->describe;
		}
		@sets = $promise->set_ids;
		is_deeply([sort @sets], [$promise->stored_ids], "$what: every set is listed");
	}
	$promise->ok_sets('after all of them');
	$promise->ok_chain('after all of them');
};

subtest 'a catalog that vanishes during a run' => sub {
	for my $delay (0.05, 0.15, 0.3, 0.5) {
		my $run = $site->tool_start($site->backup_arguments);
		select undef, undef, undef, $delay;
		wipe($catalog, "$catalog-wal", "$catalog-shm");
		my $result = $run->wait(60);
		ok($result->ok, "after $delay s: the backup succeeds") or diag $result->describe;
		is_deeply([sort $promise->set_ids], [$promise->stored_ids], "after $delay s: every set is listed");
	}
	my $run = $site->tool_start($site->backup_arguments);
	select undef, undef, undef, 0.1;
	wipe("$catalog-wal", "$catalog-shm");
	write_file($catalog, 'garbage' x 2000, 0600);
	my $result = $run->wait(60);
	ok($result->ok, 'overwritten by garbage during a run: the backup succeeds') or diag $result->describe;
	wipe($catalog, "$catalog-wal", "$catalog-shm");
	$promise->ok_sets('after vanished catalogs');
	$promise->ok_chain('after vanished catalogs');
};

subtest 'the state folder is lost' => sub {
	my ($writer) = map { $_->{writer} } $promise->sets;
	wipe("$state/" . $site->service, $catalog, "$catalog-wal", "$catalog-shm");
	is_deeply([sort $promise->set_ids], [$promise->stored_ids], 'list still tells every set');
	my $backup = $site->backup('a backup on a host that knows nothing');
	my ($new) = $backup->out =~ /^Set (\S+):/m;
	my ($set) = grep { $_->{set} eq $new } $promise->sets;
	is($set->{sequence}, 1, 'begins a new chain');
	is($set->{writer}, $writer, 'of the same writer');
	my $check = $site->tool('check', '--strict');
	ok(!$check->ok && $check->err . $check->out =~ /chain/, 'check reports that there are two') or diag $check->describe;
	$promise->ok_sets('after the loss', start => 1);
	my ($next) = $site->backup('and the next')->out =~ /^Set (\S+):/m;
	is_deeply([map { my $made = $_; map { $_->{sequence} } grep { $_->{set} eq $made } $promise->sets } $new, $next], [1, 2],
		'continues that chain');
};

subtest 'the chain is damaged' => sub {
	my $chain = "$state/" . $site->service . '/chain';
	my $whole = read_file($chain);
	for my $case (['cut', substr $whole, 0, 100], ['empty', ''], ['garbage', "\0\1\2" x 500], ['of another writer', $whole =~ s/("writer":")(.)/$1 . ($2 eq '0' ? '1' : '0')/er]) {
		my ($what, $bytes) = @$case;
		write_file($chain, $bytes, 0600);
		my $backup = $site->tool($site->backup_arguments);
		ok($backup->ok, "$what: a backup succeeds") or diag $backup->describe;
		like($backup->err, qr/chain/, "$what: and says that the chain begins anew");
		$promise->ok_sets("chain $what");
	}
	# Pending, but what is pending is lost.
	my $log = write_file(work_path('pending.log'), '', 0666);
	$site->tool($site->backup_arguments, { env => { ODR_FAULT => 'step:7:kill', ODR_FAULT_LOG => $log } });
	my ($pending) = glob "$chain-pending-*";
	ok($pending, 'a set is pending');
	write_file($pending, substr(read_file($pending), 0, 200), 0600);
	my $backup = $site->tool($site->backup_arguments);
	ok($backup->ok, 'its manifest is torn: a backup succeeds') or diag $backup->describe;
	like($backup->err, qr/lost|damaged/, 'and says what happened');
	$promise->ok_sets('pending torn');
};

subtest 'the pinned cluster' => sub {
	my $pin = "$state/" . $site->service . '/cluster';
	my $whole = read_file($pin);
	write_file($pin, "12345\n", 0600);
	$site->tool_fails([$site->backup_arguments], 6, qr/another cluster/, 'another one: refused');
	write_file($pin, "nonsense\n", 0600);
	$site->tool_fails([$site->backup_arguments], 13, qr/\Q$pin\E/, 'nonsense: named');
	unlink $pin;
	$site->backup('without: it is learnt again');
	is(read_file($pin), $whole, 'and is the same');
};

subtest 'a clock that jumped' => sub {
	my @before = $promise->set_ids;
	for my $jump (-3 * 86400, 400 * 86400, -40 * 365 * 86400) {
		my $backup = $site->tool($site->backup_arguments, { env => { ODR_FAULT_CLOCK => $jump } });
		ok($backup->ok || $backup->err =~ /clock|time/, "by $jump s: a backup succeeds, or says that the clock is wrong") or diag $backup->describe;
		$promise->ok_sets("by $jump s");
		my $status = $site->tool('status', $site->service, { env => { ODR_FAULT_CLOCK => $jump } });
		ok(!$status->died_of && $status->status != 99, "by $jump s: status answers") or diag $status->describe;
		my $expire = $site->tool('expire', $site->service, { env => { ODR_FAULT_CLOCK => $jump } });
		ok(!$expire->died_of && $expire->status != 99, "by $jump s: expire answers") or diag $expire->describe;
		my %left = map { $_ => 1 } $promise->stored_ids;
		is_deeply([grep { !$left{$_} } @before], [], "by $jump s: no set expired");
	}
	my $later = $site->backup('the next backup, by the right clock');
	my ($newest) = $later->out =~ /^Set (\S+):/m;
	my $plan = $site->tool($site->restore_arguments($site->path('none'), '--plan'));
	like($plan->out, qr/^set\s+\Q$newest\E,/m, 'the newest set is the one that the store got last') or diag $plan->describe;
	$promise->ok_sets('after the jumps', start => 1);
};

done_testing;
