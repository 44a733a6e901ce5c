#!/usr/bin/perl
# What the tool says of what it holds: list, show, status, check, expire, and a catalog that may be lost at any time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use File::Basename qw(basename);
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, sections => {
		'tier day' => { rpo => '1d', retain => '1h', 'retain-least' => 1, 'backup-every' => '1h' },
		'service erp-prod' => { tier => 'day' },
	})->create;
my $service = $site->service;
my $catalog = $site->path('state', 'catalog.db');

sub lose_catalog { unlink "$catalog$_" for '', '-wal', '-shm'; return }

sub objects {
	my ($kind) = @_;
	return map { chomp; $_ } split /^/, run_program(['find', glob($site->repository . "/*/$kind"), '-type', 'f'])->out;
}

sub codes { return join ' ', sort map { $_->{code} } grep { $_->{severity} ne 'ok' } @{ $_[0]{findings} } }

sub check { return $site->tool('check', $service, '--json', @_) }

# Before there is anything.
{
	my $status = $site->json('status');
	is($status->{state}, 'critical', 'without a set, status is critical');
	is(codes($status), 'set.none', 'and says why');
	is($status->{recovery_point}, undef, 'there is no recovery point');
	like($site->tool('status')->out, qr/-> odrbackup backup erp-prod$/m, 'and what to type');
	is_deeply($site->json('list')->{sets}, [], 'no set is listed');
	$site->tool_fails(['show', 'latest'], 7, 'there is no set of service erp-prod');
	is(check()->status, 7, 'check: no set');
	my $nagios = $site->tool('check', '--nagios');
	is($nagios->status, 2, 'monitoring: critical');
	like($nagios->out, qr/\AODRBACKUP CRITICAL - erp-prod: repository main: there is no set[^|\n]*\| [^|\n]*\n\z/,
		'in one line');
}

$site->backup('first backup');
my ($first) = $site->set_ids;
my $between = $site->cluster->psql('SELECT clock_timestamp()');
$site->backup('second backup');
my $segment = $site->cluster->archive_now;
my ($same, $second) = $site->set_ids;
is($same, $first, 'sets are listed oldest first');

# list and show.
{
	my ($one, $two) = @{ $site->json('list')->{sets} };
	is($two->{sequence}, $one->{sequence} + 1, 'sets are numbered');
	is($one->{damaged}, 0, 'nothing was damaged');
	like($one->{wal}{start}, qr{\A0/[0-9A-F]+\z}, 'WAL positions are text');
	is($one->{system_identifier}, $site->cluster->psql('SELECT system_identifier FROM pg_control_system()'),
		'the cluster is known, to the last digit');
	my $out = $site->tool('list')->out;
	like($out, qr/\Aset +kind +finished +size +stored +WAL\n\Q$first\E +full .*\n\Q$second\E +full .*\n\z/, 'as a table');

	my $was = $site->tool_ok(['list', '--as-of', $between, '--json'], 'list as of before');
	is_deeply([$was->out =~ /"set": ?"(\S+?)"/g], [$first], 'leaves out what came later');
	like($was->err, qr/repository main keeps no versions: what was stored later is left out, but what was deleted/,
		'and says what a folder cannot tell');

	my $show = $site->json('show', $second);
	is($show->{previous_set}, $first, 'the set before');
	is($show->{sealed}{pg_major}, 15, 'with the key, what is sealed');
	is_deeply([sort map { $_->{name} } @{ $show->{sealed}{databases} }],
		[sort split /\n/, $site->cluster->psql('SELECT datname FROM pg_database')], 'its databases');
	is_deeply($site->json('show', 'latest'), $show, 'latest');
	is($site->json('show', $service, 'oldest')->{set}, $first, 'oldest, with the service named');
	my $writer_only = $site->path('writer-only.conf');
	write_file($writer_only, read_file($site->conf) =~ s/^identity=.*\n//mr, 0600);
	my $without = Odr::Tool::tool('-c', $writer_only, 'show', 'latest', '--json');
	is($without->json->{sealed}, undef, 'without a key, nothing that is sealed');
	is($without->json->{wal}{first}, $show->{wal}{first}, 'but what is public');
	$site->tool_fails(['show', '20260101T000000Z-00000000'], 7, 'there is no set 20260101T000000Z-00000000');
	$site->tool_fails(['show', 'newest'], 2, "'newest' is not a set id");
}

# status, with and without its repository.
{
	my $status = $site->json('status');
	is($status->{state}, 'ok', 'all is well') or diag explain $status;
	my $repository = $status->{repositories}[0];
	is($repository->{sets}, 2, 'two sets');
	is($repository->{exposure}{objective_us}, 86400 * 1_000_000, 'the objective');
	cmp_ok($repository->{exposure}{now_us}, '<', 60_000_000, 'exposure is measured from the last WAL');
	is_deeply($repository->{gaps}, [], 'no gap');
	is($status->{last_runs}[0]{command}, 'backup', 'the last run');
	is($status->{last_runs}[0]{set}, $second, 'and its set');

	rename $site->repository, $site->repository . '.away' or die;
	is($site->json('status')->{state}, 'ok', 'status needs no repository');
	my $list = $site->tool('list', '--json');
	is(scalar @{ $list->json->{sets} }, 2, 'list shows what is known');
	like($list->err, qr/this is what the catalog knows, which may not be all/, 'and warns that it could not look');
	my $check = check();
	is($check->status, 4, 'check: the repository is gone');
	like(codes($check->json), qr/repository\.unreachable/, 'and says so');
	is($site->tool('check', '--nagios')->status, 2, 'monitoring, too');
	rename $site->repository . '.away', $site->repository or die;
}

# A catalog is a cache.
{
	my $before = $site->json('list');
	lose_catalog();
	my $list = $site->tool('list', '--json');
	is_deeply($list->json, $before, 'a lost catalog is filled again');
	like($list->err, qr/the catalog was not there: it was filled from the repositories/, 'with a notice');
	is($site->json('status')->{repositories}[0]{wal_end}, $site->json('status')->{repositories}[0]{wal_end}, 'with its WAL');
	lose_catalog();
	is($site->json('status')->{state}, 'ok', 'status fills it, too');
	write_file($catalog, 'this is no database' x 1000, 0600);
	unlink "$catalog-wal", "$catalog-shm";
	is_deeply($site->json('list'), $before, 'so is a damaged one');
	ok(glob("$catalog.damaged-*"), 'which is kept aside');
	my $rebuild = $site->tool('catalog', 'rebuild', '--json');
	is_deeply($rebuild->json, $before, 'catalog rebuild finds the same');
	write_file($site->path('kit.conf'), "[odrbackup]\nstate=" . new_dir($site->path('elsewhere')) . "\nidentity=" . $site->identity
		  . "\n[repository main]\ntype=posix\npath=" . $site->repository . "\n[service $service]\nrepositories=main\n", 0600);
	is_deeply(Odr::Tool::tool('-c', $site->path('kit.conf'), 'catalog', 'rebuild', '--json')->json->{sets}, $before->{sets},
		'with nothing but the repository and a key');
}

# check.
{
	my $check = check();
	is($check->status, 0, 'check: fine') or diag $check->describe;
	is(codes($check->json), '', 'nothing to say');
	my $scan = check('--repository-scan');
	is($scan->status, 0, 'every object is good') or diag $scan->describe;
	like($site->tool('check', '--repository-scan')->out, qr/^ok +repository main: \d+ objects, .*, were read back and are good$/m,
		'which is said');
	like($site->tool('check', '--nagios')->out, qr/\AODRBACKUP OK - erp-prod: recoverable \| 'main_exposure'=[\d.]+s;;86400;0 /,
		'performance data');

	# Objects that are gone, cut or changed.
	my ($pack) = objects('pack');
	my $content = read_file($pack);
	unlink $pack or die;
	$check = check();
	is($check->status, 13, 'a pack is gone');
	like(codes($check->json), qr/\bset\.incomplete\b/, 'the set that lacks it');
	like($check->out, qr/\Q@{[basename($pack)]}\E/, 'and the pack are named');
	give($pack) if write_file($pack, substr($content, 0, -1), 0600);
	is(check()->status, 13, 'a pack is cut');
	substr(my $flipped = $content, length($content) / 2, 1) ^= "\x01";
	write_file($pack, $flipped, 0600);
	is(check()->status, 0, 'a changed byte shows in no listing');
	$check = check('--repository-scan');
	is($check->status, 13, 'but to who reads it');
	like(codes($check->json), qr/\bobject\.damaged\b/, 'the pack is named');
	write_file($pack, $content, 0600);
	is(check('--repository-scan')->status, 0, 'all is back');

	my ($manifest) = grep { /\Q$second\E/ } objects('set');
	$content = read_file($manifest);
	substr($flipped = $content, 100, 1) ^= "\x01";
	write_file($manifest, $flipped, 0600);
	$check = check();
	is($check->status, 13, 'a manifest is changed');
	like(codes($check->json), qr/\bset\.unverified\b/, 'it is no set any more');
	unlink $manifest or die;
	$check = check();
	like(codes($check->json), qr/\bchain\.newest\b/, 'the newest set cannot be hidden from the host that made it');
	write_file($manifest, $content, 0600);

	my ($old) = grep { /\Q$first\E/ } objects('set');
	rename $old, $site->path('hidden') or die;
	like(codes(check()->json), qr/\bchain\.missing\b/, 'nor one before another');
	is(scalar(my @left = $site->set_ids), 1, 'what is gone is not listed');
	rename $site->path('hidden'), $old or die;
	is(scalar(@left = $site->set_ids), 2, 'what is back is');

	my ($wal) = grep { m{/\Q$segment\E-} } objects('wal');
	$site->cluster->archive_now;
	rename $wal, $site->path('hidden') or die;
	$check = check();
	is($check->status, 13, 'a segment behind the newest set is gone');
	like(codes($check->json), qr/\bwal\.gap\b.*\bwal\.lost\b/, 'the gap is named, and that it was there');
	like($check->out, qr/1 file is missing, the first is \Q$segment\E: recovery cannot pass it/, 'and the segment');
	rename $site->path('hidden'), $wal or die;

	# Of the last one no gap tells, only the host that archived it.
	my ($last) = sort { $b cmp $a } grep { m{/[0-9A-F]{24}-[0-9a-f]+$} } objects('wal');
	rename $last, $site->path('hidden') or die;
	$check = check();
	is($check->status, 13, 'the newest segment is gone');
	is(codes($check->json), 'wal.lost', 'which the journal knows');
	rename $site->path('hidden'), $last or die;
	is(check()->status, 0, 'all is back') or diag check()->describe;
}

# The server.
{
	$site->cluster->set(archive_command => '/bin/false')->reload;
	$site->cluster->psql("SELECT pg_logical_emit_message(true, 'test', 'x'); SELECT pg_switch_wal()");
	$site->cluster->poll_query('SELECT coalesce(last_failed_time > last_archived_time, false) FROM pg_stat_archiver', 't', 60);
	my $check = check();
	is($check->status, 4, 'archiving that fails is critical');
	is(codes($check->json), 'server.archive-command server.archiver', 'with what is wrong');
	$site->start_archiving;
	$site->cluster->archive_now;
	$site->cluster->stop;
	$check = check();
	is($check->status, 0, 'a server that is down is a warning');
	is(check('--strict')->status, 3, 'which counts when strict');
	is(codes($check->json), 'server.unreachable', 'it is said that it was not looked at');
	$site->cluster->start;
}

# Runs that died are no riddle.
{
	# It waits for the archive, which waits for us.
	my $hold = write_file($site->path('hold'), '');
	$site->cluster->set(archive_command => "while test -e $hold; do sleep 0.05; done; " . $site->archive_command)->reload;
	my $run = $site->tool_start('backup', $service);
	poll_until('the run is known', sub { $run->running or die "it ended early\n"; return @{ $site->json('status')->{running} } }, 60);
	$run->signal('KILL');
	$run->wait;
	unlink $hold;
	$site->start_archiving;
	my ($last) = grep { $_->{command} eq 'backup' } @{ $site->json('status')->{last_runs} };
	is($last->{outcome}, 'abandoned', 'a run that was killed');
	like($site->tool('status')->out, qr/the last backup, .*, was cut off/, 'in words');
}
$site->backup('third backup');

# expire: by what the plan says; nothing goes before its time.
{
	my @before = $site->set_ids;
	my $plan = $site->json('expire', '--plan')->{repositories}[0];
	is_deeply([map { $_->{expires} ? 1 : 0 } @{ $plan->{sets} }], [map { 0 } @before], 'no set is due');
	like($site->tool('expire', '--plan')->out, qr/^\Q$first\E +.* stays +its retain-until has not come$/m, 'with the reason');
	$site->tool_ok(['expire']);
	is_deeply([$site->set_ids], \@before, 'all are there');
	is(check('--repository-scan')->status, 0, 'and whole');
	is($site->json('status')->{state}, 'ok', 'as status says') or diag explain $site->json('status');

	my $lock = $site->path('state', $service, 'database.lock');
	my $holder = start_program(['flock', $lock, 'sleep', '60']);
	poll_until('the lock is held', sub { return !run_program(['flock', '-n', $lock, 'true'])->ok }, 20);
	$site->tool_fails(['expire', '--lock-wait', '1s'], 11, 'cannot expire while another run is under way');
	$holder->kill_all;
	$holder->wait;
}

done_testing;
