#!/usr/bin/perl
# The audit chain tells of keys, of changes to configuration, exemptions and plans, of restores that somebody approved, and of
# reports; and where it cannot be written, what was asked for is done all the same.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA ();
use Test::More;

use Odr::Tool;
use Odr::Work;

my $dir = new_dir(work_path('trail'), 0700);
my $conf = "$dir/odrbackup.conf";
my $plan = "$dir/plans/erp-weekly.plan";
new_dir("$dir/$_") for qw(files plans sandbox);
write_file("$dir/files/one", "one\n");

sub write_conf {
	write_file($conf, <<"CONF", 0600);
[odrbackup]
state=$dir/state
drills=$dir/plans
spool=$dir/spool
identity=$dir/identity
writer-bundle=$dir/writer
[repository main]
path=$dir/repository
[service erp]
repositories=main
postgres=none
config=site
filestore=$dir/files
filestore-layout=plain
[collect site]
type=files
paths=$dir/captured
$_[0]
CONF
}

sub write_plan {
	write_file($plan, "[plan]\nversion = 1\nname = erp-weekly\nservice = erp\n[schedule]\nslot = $_[0]\n[sandbox]\ndirectory = $dir/sandbox\n");
}

sub site_ok { return tool_ok(['-c', $conf, @_], "@_") }
sub digest { return Digest::SHA::sha256_hex(read_file($_[0])) }

# What was appended since it was last asked: [event, data], without what is expected of every run.
my $seen = 0;
sub told {
	my $lines = decode_json(tool('-c', $conf, 'audit', 'log', '--json')->out)->{lines};
	my @new = grep { $_->{seq} > $seen } @$lines;
	$seen = $new[-1]{seq} if @new;
	return map { [$_->{event}, $_->{data}, $_->{run}] } @new;
}
sub events { return [map { $_->[0] } @_] }

write_conf('');
new_dir("$dir/captured");
write_file("$dir/captured/file", "of the configuration\n");

subtest 'keys' => sub {
	like(tool('key', 'new', 'owner', "$dir/elsewhere", '--service', 'erp', '--unprotected', '-v')->err,
		qr/no audit chain tells of this: there is no configuration on this host/, 'where there is no configuration, it is said to who asks');
	site_ok('key', 'new', 'owner', "$dir/owner", '--service', 'erp', '--unprotected');
	site_ok('key', 'new', 'identity', "$dir/identity", '--owner', "$dir/owner", '--unprotected');
	site_ok('key', 'new', 'identity', "$dir/second", '--owner', "$dir/owner", '--unprotected');
	site_ok('key', 'endorse', "$dir/writer", '--owner', "$dir/owner", '--role', 'writer', '--recipient', "$dir/identity.pub");
	site_ok('key', 'add-recipient', "$dir/writer", "$dir/second.pub");
	site_ok('key', 'new', 'evidence', "$dir/evidence", '--owner', "$dir/owner", '--unprotected', '--valid-for', '1y');
	my @told = told();
	is_deeply(events(@told), [qw(audit.begun key.created key.used key.created key.used key.created key.used key.endorsed recipient.added
		key.used key.endorsed)], 'are made, used and endorsed');
	my ($owner, $used, $identity) = map { $_->[1] } @told[1 .. 3];
	is($owner->{type}, 'owner', 'an owner key');
	is($owner->{service}, 'erp', 'of the service');
	is($used->{fingerprint}, $owner->{fingerprint}, 'is the one that made the next');
	is($used->{command}, 'key new identity', 'for that');
	is($identity->{file}, "$dir/identity", 'which lies there');
	is($told[8][1]{recipient}, decode_json(tool('key', 'list', "$dir/second.pub", '--json')->out)->{keys}[0]{fingerprint}, 'a recipient is named');
	like($told[7][1]{detail}, qr/role writer/, 'and a role');
	like($told[10][1]{detail}, qr/SPKI SHA-256 [0-9a-f]{64}, .*until/, 'of a key of evidence by which it is named, and until when');
	my ($secret) = read_file("$dir/owner") =~ /^secret=(\S+)/m;
	unlike(read_file("$dir/state/audit.log"), qr/\Q$secret\E/, 'nothing of a secret');
};

subtest 'configuration, exemptions, plans' => sub {
	site_ok('init', '--single-recipient');
	told();
	site_ok('backup');
	my @told = told();
	is_deeply(events(@told), [qw(configuration.changed set.published)], 'the first run looks');
	is_deeply($told[0][1], { name => $conf, before => undef, after => digest($conf) }, 'what it is');
	is($told[0][2], $told[1][2], 'the run is named');
	site_ok('backup');
	is_deeply(events(told()), ['set.published'], 'nothing changed');
	my $before = digest($conf);
	write_conf("[exemption holidays]\nservice=erp\nobjective=rpo\nreason=nobody works\napprover=the board\nexpires=2099-01-01T00:00:00Z");
	write_plan('weekly');
	site_ok('backup');
	@told = told();
	is_deeply(events(@told), [qw(configuration.changed exemption.recorded plan.changed set.published)], 'what changed is told once');
	is($told[0][1]{before}, $before, 'from what');
	is($told[1][1]{after}{approver}, 'the board', 'whose word it is');
	is($told[2][1]{name}, $plan, 'which plan');
	my $hash = decode_json(tool('-c', $conf, 'drill', 'explain', $plan, '--json')->out)->{hash};
	is($told[2][1]{after}, $hash, 'by its hash');
	write_plan('daily');
	site_ok('backup');
	@told = told();
	is_deeply([$told[0][0], $told[0][1]{before}], ['plan.changed', $hash], 'a plan that is altered');
	isnt($told[0][1]{after}, $hash, 'is another');
	write_file($plan, "[plan]\nversion = none\n");
	site_ok('backup');
	@told = told();
	is_deeply([$told[0][0], $told[0][1]{after}], ['plan.changed', digest($plan)], 'one that cannot be read is told, too');
	unlink $plan;
	site_ok('backup');
	@told = told();
	is_deeply([$told[0][0], $told[0][1]{after}], ['plan.changed', undef], 'and one that is gone');
};

subtest 'opening, approving' => sub {
	my $set = decode_json(tool('-c', $conf, 'list', '--json')->out)->{sets}[-1]{set};
	site_ok('show', 'latest', '--part', 'config');
	is_deeply(events(told()), ['key.used'], 'a look into a set is use of a key');
	site_ok('restore', '--part', 'filestore', '--filestore', "$dir/restored");
	my @told = told();
	is_deeply(events(@told), [qw(key.used restore.planned restore.ended)], 'so is a restore');
	is($told[0][1]{command}, 'restore', 'which is named');
	write_file("$dir/captured/file", "altered\n");
	ok(!tool('-c', $conf, 'restore', '--part', 'config', '--in-place', '--no-input')->ok, 'what is not confirmed is refused');
	ok(!(grep { $_ eq 'restore.approved' } @{ events(told()) }), 'and is no approval');
	site_ok('restore', '--part', 'config', '--in-place', '--confirm', 'erp');
	my ($approved) = grep { $_->[0] eq 'restore.approved' } told();
	is($approved->[1]{answered}, 'option', 'what is confirmed is');
	site_ok('kit', 'create', "$dir/kit", '--owner', "$dir/owner", '--unprotected');
	@told = told();
	is_deeply(events(@told), [qw(key.used key.escrowed)], 'a kit');
	is($told[1][1]{identity}, $told[0][1]{fingerprint}, 'and whose key lies in it');
};

subtest 'tests of keys and kits' => sub {
	my $fingerprint = tool('-c', $conf, 'key', 'list', "$dir/identity", '--json')->json->{keys}[0]{fingerprint};
	site_ok('key', 'test', "$dir/identity");
	my @told = told();
	is_deeply(events(@told), [qw(key.used key.tested)], 'a key that is tested');
	is_deeply([@{ $told[1][1] }{qw(service fingerprint kit outcome trouble)}], ['erp', $fingerprint, undef, 'ok', undef], 'which, and that it opens');
	like($told[1][1]{opened}[0]{set}, qr/^20\d{6}T/, 'what it opened');
	site_ok('kit', 'test', "$dir/kit");
	@told = told();
	is_deeply(events(@told), ['kit.tested'], 'a kit, in the chain of the host that has a configuration');
	is_deeply([@{ $told[0][1] }{qw(service kit outcome)}], ['erp', "$dir/kit", 'ok'], 'which');
	rename "$dir/repository", "$dir/away" or die "cannot rename: $!\n";
	ok(!tool('-c', $conf, 'key', 'test', "$dir/identity")->ok, 'one that opens nothing');
	@told = told();
	is($told[-1][1]{outcome}, 'failed', 'is told, too');
	like($told[-1][1]{trouble}, qr/does not exist/, 'with why');
	rename "$dir/away", "$dir/repository" or die "cannot rename: $!\n";

	my $text = tool('-c', $conf, 'report', 'quarterly')->out;
	like($text, qr/^\| erp \| Recovery kit tested \| 20\d\d-.* UTC \| .* \| `[^`]+@[^`]+` \| `\Q$dir\E\/kit` \| 1 \|$/m, 'a report has when and by whom');
	like($text, qr/^\| erp \| Key tested \| 20\d\d-.* UTC, FAILED \| .* \| `[0-9a-f:]+` \| 2, of which 1 failed \|$/m, 'one that failed');
	like($text, qr/^\| erp \| Lock proven \| never \| – \| – \| – \| never in this period \|$/m, 'and what never was');
	like(tool('-c', $conf, 'report', 'posture')->out, qr/^\| erp \| Recovery kit tested \|/m, 'so has the posture');
	my $past = tool('-c', $conf, 'report', 'quarterly', '--quarter', '2020-Q1', '--render', 'json')->json;
	my %act = map { $_->{act} => $_ } @{ $past->{services}[0]{custody} };
	is_deeply([@{ $act{'kit-tested'} }{qw(last by times)}], [undef, undef, 0], 'what came later is not of a period');
	told();
};

subtest 'holds' => sub {
	my ($set) = map { $_->{set} } @{ tool('-c', $conf, 'list', '--json')->json->{sets} };
	my $reason = 'lawsuit <4711>';
	tool_fails(['-c', $conf, 'hold', 'add', $set], 2, qr/--reason/, 'without a reason there is none');
	tool_fails(['-c', $conf, 'hold', 'add', $set, '--reason', 'x', '--until', '2020-01-01T00:00:00Z'], 2, qr/--until is over already/, 'one that is over');
	tool_fails(['-c', $conf, 'hold', 'add', '20200101T000000Z-00000000', '--reason', 'x'], 7, qr/20200101T000000Z-00000000/, 'of a set that is not there');
	told();
	site_ok('hold', 'add', $set, '--reason', $reason);
	my @told = told();
	is_deeply(events(@told), ['hold.added'], 'a hold');
	is_deeply([@{ $told[0][1] }{qw(service set reason until)}], ['erp', $set, $reason, undef], 'of what, and why');
	my $held = qr/\Q$set\E.*without end: \Q$reason\E \(\S+@\S+\)$/m;
	like(tool('-c', $conf, 'list')->out, qr/^Set $held/m, 'list has it');
	like(tool('-c', $conf, 'show', $set)->out, qr/^Held without end: \Q$reason\E/m, 'so has show');
	like(tool('-c', $conf, 'status')->out, qr/^ *held +set $held/m, 'and status');
	like(tool('-c', $conf, 'report', 'posture')->out, qr/^- erp: set $set is held without end, by \S+@\S+: lawsuit &lt;4711&gt;\.$/m, 'and the posture');
	is(tool('-c', $conf, 'hold', 'list', '--json')->json->{holds}[0]{reason}, $reason, 'and its own list');
	is_deeply([map { $_->{reason} } grep { $_->{set} eq $set } @{ tool('-c', $conf, 'expire', '--plan', '--json')->json->{repositories}[0]{sets} }], ['held'],
		'expire leaves it alone');
	site_ok('catalog', 'rebuild');
	is(tool('-c', $conf, 'list', '--json')->json->{holds}[0]{set}, $set, 'the repository knows it, too');
	told();
	tool_fails(['-c', $conf, 'hold', 'release', $set, '--no-input'], 6, qr/--confirm/, 'a release needs to be confirmed');
	site_ok('hold', 'release', $set, '--reason', 'it was settled', '--confirm', 'erp');
	@told = grep { $_->[0] ne 'key.used' } told();
	is_deeply(events(@told), ['hold.released'], 'which is told');
	is_deeply([@{ $told[0][1] }{qw(set reason outcome)}], [$set, 'it was settled', 'ok'], 'of what, and why');
	is(tool('-c', $conf, 'hold', 'list')->out, "No set is held.\n", 'nothing is held');
	unlike(tool('-c', $conf, 'status')->out, qr/held/, 'status knows');
	tool_fails(['-c', $conf, 'hold', 'release', $set, '--confirm', 'erp'], 7, qr/set $set is not held/, 'what is not held cannot be released');
	like(tool('-c', $conf, 'metrics')->out, qr/^odrbackup_runs_total\{service="erp",command="hold",outcome="failed"\} 3$/m,
		'each that failed counts as hold: of a set that is not there, not confirmed, not held');
	@told = grep { $_->[0] eq 'hold.released' } told();
	is_deeply([@{ $told[0][1] }{qw(set outcome)}], [$set, 'failed'], 'that somebody tried is told');
	told();
};

subtest 'reports' => sub {
	my $file = "$dir/posture.html";
	site_ok('report', 'posture', '--output', $file);
	my ($told) = told();
	is($told->[0], 'report.written', 'are told');
	is_deeply([@{ $told->[1] }{qw(command format file sha256 service)}], ['report posture', 'html', $file, digest($file), undef], 'with their digest');
	my $printed = site_ok('report', 'quarterly', 'erp', '--render', 'json')->out;
	($told) = told();
	is_deeply([@{ $told->[1] }{qw(file sha256 service)}], [undef, Digest::SHA::sha256_hex($printed), 'erp'], 'those on stdout, too');
};

subtest 'a chain that cannot be written' => sub {
	rename "$dir/state/audit.log", "$dir/state/away" or die "cannot rename: $!\n";
	new_dir("$dir/state/audit.log");
	write_conf('# changed');
	my $backup = site_ok('backup');
	for my $event (qw(configuration.changed set.published)) {
		like($backup->err, qr/warning: \Q$event\E is not in the audit chain: cannot open /, "$event is a warning");
	}
	like(site_ok('key', 'new', 'identity', "$dir/third", '--owner', "$dir/owner", '--unprotected')->err, qr/warning: key\.created is not in the audit chain/,
		'so is a key');
	like(site_ok('report', 'posture', '--output', "$dir/posture.html")->err, qr/warning: report\.written is not in the audit chain/, 'and a report');
	rmdir "$dir/state/audit.log";
	rename "$dir/state/away", "$dir/state/audit.log" or die "cannot rename: $!\n";
	told();
	site_ok('backup');
	is_deeply(events(told()), [qw(configuration.changed exemption.recorded set.published)], 'what could not be told is told by the next run');
	ok(tool('-c', $conf, 'audit', 'verify')->ok, 'the chain holds');
};

done_testing();
