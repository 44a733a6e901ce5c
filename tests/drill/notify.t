#!/usr/bin/perl
# What came of a drill is told to whom the plan names, with a time limit and few attempts; who cannot be told changes
# neither the outcome nor the exit status.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Socket::INET ();
use Test::More;
use Time::HiRes 'time';

use Odr::Httpd;
use Odr::Tool;
use Odr::Work;

my $dir = new_dir(work_path('notify'), 0700);
my $conf = "$dir/odrbackup.conf";
my $chat = Odr::Httpd->start('chat', sub { return (200, 'thanks') });
my $checks = Odr::Httpd->start('checks', sub { return (200, 'OK') });
my $broken = Odr::Httpd->start('broken', sub { return (500, 'out of order') });
my $closed = Odr::Httpd->start('closed', sub { return (403, 'who are you?') });
my $hanging = Odr::Httpd->start('hanging', sub { sleep 600; return (200, 'late') });
my $nobody = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die "cannot listen: $!\n";
my $refusing = 'http://127.0.0.1:' . $nobody->sockport;
close $nobody;

write_file("$dir/url", $checks->url . "/ping/5ecre7\n", 0600);
write_file("$dir/header", "Authorization: Bearer t0ken\n", 0600);
write_file("$dir/open", "Authorization: Bearer t0ken\n", 0644);
write_file("$dir/page", "#!/bin/sh\nenv | grep ^ODR_ | sort > $dir/paged\n", 0700);
new_dir("$dir/$_") for qw(files state plans sandbox);
write_file("$dir/sandbox/.odrbackup-drill", '');
write_file($conf, <<"CONF", 0600);
[odrbackup]
state=$dir/state
spool=$dir/spool
identity=$dir/identity
writer-bundle=$dir/bundle
evidence-key=$dir/evidence
drills=$dir/plans
[repository main]
path=$dir/repository
[service erp-prod]
repositories=main
config=none
postgres=none
filestore=$dir/files
filestore-layout=plain
[notify chat]
type=http
url=${\ $chat->url}/hook
header-file=$dir/header
[notify checks]
type=healthchecks
url-file=$dir/url
[notify pager]
type=command
command=$dir/page
[notify broken]
type=http
url=${\ $broken->url}/
attempts=2
[notify closed]
type=http
url=${\ $closed->url}/
attempts=5
[notify hanging]
type=http
url=${\ $hanging->url}/
timeout=1s
attempts=1
[notify refusing]
type=http
url=$refusing/
timeout=1s
attempts=1
[notify careless]
type=http
url=${\ $chat->url}/careless
header-file=$dir/open
[notify failing]
type=command
command=/bin/false
attempts=1
[notify slow]
type=command
command=/bin/sleep;600
timeout=1s
attempts=1
CONF
for my $command (['key', 'new', 'owner', "$dir/owner", '--service', 'erp-prod', '--unprotected'],
	['key', 'new', 'identity', "$dir/identity", '--owner', "$dir/owner", '--unprotected'],
	['key', 'new', 'evidence', "$dir/evidence", '--owner', "$dir/owner", '--unprotected'],
	['key', 'endorse', "$dir/bundle", '--owner', "$dir/owner", '--role', 'writer', '--recipient', "$dir/identity.pub"],
	['init', '--single-recipient']) {
	my $result = tool('-q', '-c', $conf, @$command);
	$result->ok or die "cannot make the site:\n" . $result->describe;
}

sub add_plan {
	my ($name, $notify) = @_;
	write_file("$dir/plans/$name.plan", <<"PLAN");
[plan]
version = 1
name = $name
service = erp-prod
[schedule]
slot = daily
[sandbox]
directory = $dir/sandbox
[neutralize]
mode = sql
[evidence]
key = evidence
[notify]
$notify
PLAN
}

# There is no set: the drill fails without a server.
sub drill {
	my ($name) = @_;
	my $began = time;
	my $result = tool('-c', $conf, 'drill', 'run', $name, '--json');
	my ($summary) = grep { $_->{message_type} eq 'summary' } $result->json_lines;
	return ($result, $summary->{record}, time - $began);
}

add_plan('quiet', '');
my ($quiet, $alone) = drill('quiet');
is($alone->{outcome}, 'error', 'a drill without a set has nothing to draw from');

subtest 'who is there is told' => sub {
	add_plan('told', "on-fail = chat; checks; pager\non-pass = checks\non-missed = broken");
	my ($result, $record) = drill('told');
	is($result->status, $quiet->status, 'the exit status is that of the drill');
	unlike($result->err, qr/was not told/, 'everybody was told');
	is_deeply($record->{deviations}, $alone->{deviations}, 'and it is no deviation of the record');
	my @posted = $chat->requests;
	is(scalar @posted, 1, 'one message');
	is("$posted[0]{method} $posted[0]{path}", 'POST /hook', 'is posted');
	is($posted[0]{headers}{authorization}, 'Bearer t0ken', 'with its header');
	my $body = decode_json($posted[0]{body});
	is($body->{$_->[0]}, $_->[1], "it says $_->[0]") for ['type', 'odrbackup-notification'], ['outcome', 'error'],
		['run', $record->{run}{id}], ['plan', 'told'], ['service', 'erp-prod'], ['exit_status', $result->status],
		['summary', $record->{summary}];
	my @pings = $checks->requests;
	my $uuid = qr/[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
	like($pings[0]{path}, qr{^/ping/5ecre7/start\?rid=($uuid)$}, 'the check knows when it began');
	like($pings[1]{path}, qr{^/ping/5ecre7/${\ $result->status}\?rid=$uuid$}, 'and how it ended');
	is($pings[0]{path} =~ s/.*rid=//r, $pings[1]{path} =~ s/.*rid=//r, 'of the same run');
	is(join('', map { $_->{body} } @pings), '', 'without a word');
	my $paged = read_file("$dir/paged");
	like($paged, qr/^ODR_OUTCOME=error$/m, 'a command has it in its environment');
	like($paged, qr/^ODR_RUN_ID=$record->{run}{id}$/m, 'with the run');
	is(scalar $broken->requests, 0, 'who waits for other things is left alone');
};

subtest 'who is not there changes nothing' => sub {
	add_plan('lost', 'on-fail = broken; closed; hanging; refusing; careless; failing; slow; chat');
	my ($result, $record, $took) = drill('lost');
	is($result->status, $quiet->status, 'the exit status');
	is($record->{outcome}, $alone->{outcome}, 'the outcome');
	cmp_ok($took, '<', 300, 'nobody is waited for who would take ten minutes');
	for (['broken', 'the server answers 500'], ['closed', 'the server answers 403'], ['hanging', '.*'], ['refusing', '.*'],
		['careless', ".*$dir/open.*"], ['failing', 'status 1: /bin/false failed'], ['slow', '/bin/sleep did not end in time']) {
		like($result->err, qr/warning: \[notify $_->[0]\] was not told: $_->[1]$/m, "$_->[0] is told to the user");
	}
	unlike($result->err, qr/\[notify chat\]/, 'who comes last is told');
	unlike($result->err, qr/t0ken|5ecre7/, 'no secret is');
	is(scalar $broken->requests, 2, '500 is tried again, as often as it says');
	is(scalar $closed->requests, 1, '403 is not');
	is(scalar(grep { $_->{path} eq '/careless' } $chat->requests), 0, 'what others can read is not sent');
};

subtest 'what cannot be opened is told' => sub {
	rename "$dir/identity", "$dir/elsewhere" or die "cannot rename the identity: $!\n";
	my $before = $chat->requests;
	my ($result) = drill('told');
	is($result->status, 12, 'without an identity nothing is restored');
	my @posted = $chat->requests;
	is(scalar @posted, $before + 1, 'which is told');
	is(decode_json($posted[-1]{body})->{outcome}, 'fail-restore', 'as a failed restore');
	rename "$dir/elsewhere", "$dir/identity" or die "cannot rename the identity: $!\n";
};

# As systemd starts what OnFailure= names.
sub unit_failed {
	my ($conf, %monitor) = @_;
	local @ENV{map { "MONITOR_$_" } keys %monitor} = values %monitor;
	return tool('-c', $conf, 'notify', 'unit', 'odrbackup-backup@erp-prod.service');
}

# The configuration with on-unit-failure= of these names.
sub conf_telling {
	my ($names) = @_;
	return write_file("$dir/units.conf", read_file($conf) =~ s/^drills=/on-unit-failure=$names\ndrills=/mr, 0600);
}

my %failed = (SERVICE_RESULT => 'exit-code', EXIT_CODE => 'exited', EXIT_STATUS => '10', INVOCATION_ID => '5f2d' x 8);

subtest 'a unit that failed' => sub {
	my ($posts, $pings) = (scalar $chat->requests, scalar $checks->requests);
	my $result = unit_failed(conf_telling('chat;checks;pager'), %failed);
	is($result->status, 0, 'is told');
	my $line = "odrbackup-backup\@erp-prod.service failed: exit-code (exited, 10); its log: journalctl _SYSTEMD_INVOCATION_ID=$failed{INVOCATION_ID}";
	like($result->err, qr/error: \Q$line\E$/m, 'to the log, with the command for its lines');
	my $body = decode_json(($chat->requests)[$posts]{body});
	is($body->{$_->[0]}, $_->[1], "a message says $_->[0]") for ['unit', 'odrbackup-backup@erp-prod.service'], ['result', 'exit-code'],
		['invocation', $failed{INVOCATION_ID}], ['outcome', 'unit-failed'], ['exit_status', 10], ['summary', $line], ['plan', undef];
	is(($checks->requests)[$pings]{path}, '/ping/5ecre7/10', 'a check has its exit status');
	my $paged = read_file("$dir/paged");
	like($paged, qr/^\Q$_\E$/m, "a command has $_") for 'ODR_UNIT=odrbackup-backup@erp-prod.service', 'ODR_RESULT=exit-code', 'ODR_EXIT=10',
		"ODR_INVOCATION=$failed{INVOCATION_ID}";
};

subtest 'a unit that was killed has no exit status' => sub {
	my ($posts, $pings) = (scalar $chat->requests, scalar $checks->requests);
	my $result = unit_failed(conf_telling('chat;checks'), %failed, SERVICE_RESULT => 'oom-kill', EXIT_CODE => 'killed', EXIT_STATUS => 'KILL');
	like($result->err, qr/failed: oom-kill \(killed, KILL\);/, 'the log has the signal');
	my $body = decode_json(($chat->requests)[$posts]{body});
	ok(exists $body->{exit_status} && !defined $body->{exit_status}, 'the message says null');
	is(($checks->requests)[$pings]{path}, '/ping/5ecre7/fail', 'the check fails');
};

subtest 'a unit of which little is known, and nobody to tell' => sub {
	my $result = unit_failed($conf);
	is($result->status, 0, 'is logged');
	like($result->err, qr/error: odrbackup-backup\@erp-prod\.service failed; its log: journalctl --unit=odrbackup-backup\@erp-prod\.service$/m,
		'by its name');
	like($result->err, qr/nobody else is told: on-unit-failure= of \[odrbackup\] names nobody$/m, 'and what would tell others');
	$result = unit_failed(conf_telling('chta'), %failed);
	is($result->status, 2, 'a name that is none');
	like($result->err, qr/failed: exit-code .*nobody else is told: .*there is no \[notify chta\]; did you mean 'chat'/s, 'is told after the unit');
	$result = unit_failed(conf_telling('closed;pager'), %failed);
	is($result->status, 3, 'who is not told');
	like($result->err, qr/1 of 2 were not told of odrbackup-backup\@erp-prod\.service$/m, 'is counted');
};

tool_fails(['-c', $conf, 'drill', 'lint', add_plan('wrong', 'on-fail = chta')], 2, qr/on-fail: there is no \[notify\] group 'chta'; did you mean 'chat'/,
	'a name that is none');

done_testing();
