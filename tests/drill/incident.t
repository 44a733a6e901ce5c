#!/usr/bin/perl
# The timeline of an incident, as people keep it: two times for everything, nothing is changed afterwards, and what does not
# follow is not known.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Odr::Tool;
use Odr::Work;

my $dir = new_dir(work_path('incident'), 0700);
my $conf = "$dir/odrbackup.conf";
write_file($conf, <<"CONF", 0600);
[odrbackup]
state=$dir/state
spool=$dir/spool
[repository main]
type=posix
path=$dir/repository
[tier gold]
rpo=5min
rto=2h
assume-detect=10min
[service erp-prod]
repositories=main
tier=gold
config=none
[service crm]
repositories=main
config=none
CONF

sub incident { return tool('-c', $conf, 'incident', @_) }
sub incident_fails { return tool_fails(['-c', $conf, 'incident', @{ $_[0] }], @_[1 .. $#_]) }
sub facts { return decode_json(incident('show', '--json', @_)->out) }

sub mark_of {
	my ($facts, $name) = @_;
	my ($mark) = grep { $_->{mark} eq $name } @{ $facts->{marks} };
	return $mark;
}

subtest 'nothing is open' => sub {
	incident_fails(['mark', 'detected'], 6, qr/no incident is open: name one, or open one/, 'a mark');
	incident_fails(['show'], 7, qr/no incident was opened here/, 'a look');
	is(incident('list')->out, "No incident was opened here.\n", 'the list says so');
	is_deeply(decode_json(incident('list', '--json')->out)->{incidents}, [], 'an empty one as JSON');
};

my $id;
subtest 'open' => sub {
	incident_fails(['open', '--title', 'x'], 2, qr/erp-prod.*crm|crm.*erp-prod/, 'which service is not clear');
	incident_fails(['open', 'erp'], 2, qr/no service/, 'a service that is none');
	incident_fails(['open', 'crm'], 2, qr/--title/, 'no title');
	incident_fails(['open', 'crm', '--title', ''], 2, qr/--title is empty/, 'an empty one');
	incident_fails(['open', 'crm', '--title', 'x', '--loss', '2026-11-20 10:00:00'], 2, qr/--loss: .* has no zone/, 'a time without a zone');
	incident_fails(['open', 'crm', '--title', 'x', '--detected', '2090-01-01T00:00:00Z'], 2, qr/--detected is still to come/, 'a time to come');
	is_deeply(decode_json(incident('list', '--json')->out)->{incidents}, [], 'none of that opened one');
	my $opened = incident('open', 'erp-prod', '--title', 'the host does not answer', '--loss', '2026-11-20 10:00:00+01',
		'--detected', '2026-11-20T09:05:00Z', '--json');
	ok($opened->ok, 'opened') or diag $opened->err;
	my $facts = decode_json($opened->out);
	$id = $facts->{incident};
	is($facts->{state}, 'open', 'it is open');
	is(mark_of($facts, 'loss')->{time}, '2026-11-20T09:00:00Z', 'the loss, in UTC');
	isnt(mark_of($facts, 'loss')->{recorded}, mark_of($facts, 'loss')->{time}, 'and when that was written down');
	is(mark_of($facts, 'cutover')->{time}, undef, 'what nobody marked is null');
	is($facts->{objectives}{rpo_us}, 300_000_000, 'what the tier promises stands beside it');
};

subtest 'mark' => sub {
	incident_fails(['mark', 'decison'], 2, qr/did you mean 'decision'\?/, 'a mark that is none');
	incident_fails(['mark', 'x', 'decision'], 2, qr/'x' is no id of an incident/, 'an id that is none');
	incident_fails(['mark', '20260101T000000Z-00000000', 'decision'], 7, qr/there is no incident 20260101T000000Z-00000000/, 'one that is not here');
	incident_fails(['mark', 'detected'], 1, qr/is marked already, at 2026-11-20T09:05:00Z; .* --correct REASON/, 'a mark that is there');
	incident_fails(['mark', 'decision', '--correct', 'x'], 2, qr/there is nothing to correct/, 'a correction of nothing');
	incident_fails(['mark', 'decision', '--at', 'yesterday'], 2, qr/--at: /, 'a time that is none');
	incident_fails(['mark', 'decision', '--postgres', 'host=/nowhere'], 2, qr/from db-ready on/, 'a server before there is one');
	incident_fails(['mark', 'db-ready', '--postgres', "host=$dir"], 10, qr/nothing was marked: cannot ask/, 'a server that does not answer');
	is(mark_of(facts(), 'db-ready')->{time}, undef, 'which marked nothing');
	ok(incident('mark', 'decision', '--at', '2026-11-20T09:12:00Z')->ok, 'the decision');
	my $early = incident('mark', 'cutover', '--at', '2026-11-20T08:45:00Z');
	ok($early->ok, 'a cutover before the loss is taken');
	like($early->err, qr/cutover is now before loss, which is at 2026-11-20T09:00:00Z/, 'and told');
	my $facts = facts();
	is($facts->{figures}{outage_us}, undef, 'no figure is made of it');
	like("@{ $facts->{contradictions} }", qr/cutover is marked before/, 'the contradiction is named');
	ok(incident('mark', 'latest', 'cutover', '--at', '2026-11-20T09:45:00Z', '--correct', 'an hour off')->ok, 'corrected');
	$facts = facts();
	is($facts->{figures}{outage_us}, 45 * 60 * 1_000_000, 'the outage');
	is($facts->{figures}{rpo_us}, undef, 'the loss is not known');
	like($facts->{figures}{rpo_why}, qr/was not asked/, 'because nobody asked the server');
	is((grep { ($_->{mark} // '') eq 'cutover' } @{ $facts->{timeline} }), 2, 'both cutovers stay on record');
};

subtest 'notes and the end' => sub {
	ok(incident('note', '--lost', 'INV/2026/1204')->ok, 'what was lost');
	incident_fails(['note', ''], 2, qr/the note is empty/, 'an empty note');
	incident_fails(['note', $id], 2, qr/there is no note behind it/, 'an id alone');
	incident_fails(['note', 'x', '--later'], 2, qr/--later is of notes after its end/, 'a later one before the end');
	incident_fails(['link'], 2, qr/link needs a run/, 'a link to nothing');
	incident_fails(['link', 'x'], 2, qr/'x' is no id of a run/, 'a run that is none');
	incident_fails(['link', '20260101T000000Z-00000000'], 7, qr/no restore or export/, 'one that is not there');
	my $closed = incident('close', '--summary', 'recovered');
	ok($closed->ok, 'closed');
	like($closed->err, qr/never marked: declared, restore-start, db-ready, service-ready, all-clear/, 'what was never marked is told');
	incident_fails(['mark', $id, 'all-clear'], 6, qr/was closed at .* --later/, 'no mark behind the end');
	incident_fails(['note', $id, 'more'], 6, qr/was closed at/, 'no note that does not say that it is later');
	incident_fails(['close', $id], 6, qr/was closed at/, 'no second end');
	ok(incident('note', $id, 'the alert came by mail', '--later')->ok, 'a later note');
	like(incident('show')->out, qr/note, written later: the alert came by mail/, 'which says that it is');
	is(facts()->{summary}, 'recovered', 'how it ended');
};

# A host that has nothing but the program, and its timeline afterwards beside ours.
subtest 'another host' => sub {
	my @there = ('--state', "$dir/bare");
	tool_fails(['incident', 'open', '--title', 'x', @there], 2, qr/--state has no services: name one/, 'a service is named');
	my $opened = tool('incident', 'open', 'erp-prod', '--title', 'site lost', '--json', @there);
	ok($opened->ok, 'without a configuration') or diag $opened->err;
	my $other = decode_json($opened->out)->{incident};
	ok(tool('incident', 'mark', 'declared', @there)->ok, 'a mark');
	incident_fails(['show', $other], 7, qr/link --chain/, 'here it is not known');
	incident_fails(['link', $other, '--chain', "$dir/nowhere"], 7, qr/there is no audit chain in/, 'a folder that is none');
	incident_fails(['link', $id, '--chain', "$dir/bare"], 7, qr/knows nothing of $id/, 'a chain of something else');
	incident_fails(['link', '--chain', "$dir/bare"], 2, qr/--chain needs the id/, 'no id');
	ok(incident('link', $other, '--chain', "$dir/bare")->ok, 'joined');
	incident_fails(['link', $other, '--chain', "$dir/bare"], 1, qr/is here already/, 'twice');
	ok(incident('mark', $other, 'decision')->ok, 'it goes on here');
	ok(tool('incident', 'mark', 'cutover', @there)->ok, 'and there');
	ok(incident('link', $other, '--chain', "$dir/bare")->ok, 'joined again');
	my $facts = facts($other);
	is_deeply([map { $_->{mark} } grep { $_->{time} } @{ $facts->{marks} }], [qw(declared decision cutover)], 'one timeline of both');
	is($facts->{title}, 'site lost', 'with the title from there');
	is(scalar(grep { $_->{kind} eq 'opened' } @{ $facts->{timeline} }), 1, 'nothing is told twice');

	my ($copy) = glob("$dir/state/incidents/$other/*/audit.log");
	(my $text = read_file($copy)) =~ s/"mark":"declared"/"mark":"decision"/;
	write_file($copy, $text);
	my $shown = incident('show', $other);
	is($shown->status, 13, 'a copy that was altered: 13');
	like($shown->err, qr/'\Q$copy\E', which was joined to incident $other, is not what it was then/, 'and which it is');
};

subtest 'export' => sub {
	my $to = "$dir/export";
	incident_fails(['export'], 2, qr/needs --output DIR/, 'without a folder');
	ok(incident('export', $id, '--output', $to)->ok, 'exported');
	incident_fails(['export', $id, '--output', $to], 1, qr/is there already, and not empty/, 'into a folder that has something');
	ok(-s "$to/incident.$_", "incident.$_") for qw(html md json csv);
	is(decode_json(read_file("$to/incident.json"))->{incident}, $id, 'of this one');
	ok(tool('audit', 'verify', '--from', $to)->ok, 'its chain holds');
	my $read = tool('incident', 'show', $id, '--json', '--state', $to);
	is(decode_json($read->out)->{summary}, 'recovered', 'and can be read where nothing else is');
	my $before = read_file("$to/audit.log");
	ok(tool('report', 'incident', $id, '--state', $to)->ok, 'reported from');
	is(read_file("$to/audit.log"), $before, 'which writes nothing there');
	like(tool('-c', $conf, 'audit', 'log', '--last', 1)->out, qr/incident\.exported .*\Q$to\E/, 'that it was exported is told');
};

# An auditor believes what somebody answers for, by programs that are not ours.
subtest 'signed' => sub {
	my ($to, $sig) = ("$dir/signed", "$dir/s");
	like(incident('export', $id, '--output', "$dir/unsigned")->err, qr/incident\.json is not signed: service 'erp-prod' has no key that signs evidence/, 'without a key it says so');
	my $bare = decode_json(read_file("$dir/unsigned/incident.json"));
	ok(exists $bare->{signed_by} && !defined $bare->{signed_by}, 'itself, too');
	ok(!-e "$dir/unsigned/incident.json.sig", 'and nothing beside it does');

	tool_ok([qw(key new owner), "$dir/owner", qw(--service erp-prod --unprotected)], 'an owner key');
	tool_ok([qw(key new evidence), "$dir/evidence", '--owner', "$dir/owner", '--unprotected'], 'an evidence key');
	my $with_key = "$dir/signing.conf";
	write_file($with_key, read_file($conf) =~ s{(\[service erp-prod\]\n)}{$1evidence-key=$dir/evidence\n}r, 0600);
	my $exported = tool('-c', $with_key, 'incident', 'export', $id, '--output', $to, '--json');
	ok($exported->ok, 'exported') or diag $exported->err;
	ok(decode_json($exported->out)->{signed}, 'signed');
	my $json = "$to/incident.json";
	my $verify = sub {
		return (run_program(['signify-openbsd', '-V', '-p', "$dir/evidence.pub", '-x', "$json.sig", '-m', $json])->status,
			run_program(['sh', '-c', 'sed -n 2p "$0.sig" | base64 -d | tail -c 64 >"$2" && openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$0" -sigfile "$2"',
				$json, "$dir/evidence.pem", $sig])->status);
	};
	is_deeply([$verify->()], [0, 0], 'signify and openssl verify it');
	my $facts = decode_json(read_file($json));
	like(read_file("$dir/evidence.pub"), qr/evidence key \Q$facts->{signed_by}\E$/m, 'it names the key');
	my @lines = split /^/, read_file("$to/audit.log");
	is($facts->{chain}{seq}, scalar @lines, 'and the chain beside it, by its last line');
	is($facts->{chain}{head}, (split ' ', run_program(['sh', '-c', 'tail -n 1 "$0" | sha256sum', "$to/audit.log"])->out)[0], 'and that one\'s digest');
	my $told = decode_json(tool('-c', $conf, 'audit', 'log', '--last', 1, '--json')->out)->{lines}[0]{data};
	is($told->{sha256}, (split ' ', run_program(['sha256sum', $json])->out)[0], 'which the chain has of the export');
	write_file($json, read_file($json) =~ s/recovered/nothing happened/r);
	isnt($_, 0, 'what was altered does not verify') for $verify->();
};

subtest 'the chain' => sub {
	my $verified = tool('-c', $conf, 'audit', 'verify');
	ok($verified->ok, 'of this host holds') or diag $verified->err;
	like(tool('-c', $conf, 'audit', 'log')->out, qr/incident\.opened .*"title":"the host does not answer"/, 'and has it');
	my $log = "$dir/state/audit.log";
	(my $text = read_file($log)) =~ s/the host does not answer/the host was switched off/;
	write_file($log, $text, 0600);
	my $shown = incident('show', $id);
	is($shown->status, 13, 'one that was altered: 13');
	like($shown->err, qr/may not be what was written/, 'said');
};

done_testing();
