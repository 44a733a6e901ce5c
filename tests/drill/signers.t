#!/usr/bin/perl
# Several services drill on one host, and each signs with a key of its own: whose key signed what, and whether the owner of that
# service had endorsed it to, as evidence and at that time, is judged by odrbackup and by a script that shares no code with it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Odr::Tool;
use Odr::Work;

my $maker = "$ENV{ODR_BUILD}/tests/drill/make_evidence";
my $verifier = source_path('contrib/verify-evidence');
my $site = new_dir(work_path('site'));
my $state = "$site/state";
my $conf = "$site/odrbackup.conf";

sub program_ok {
	my ($command, $name) = @_;
	my $result = run_program($command, timeout => 120);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($result->status == 0, $name // "@$command") or diag $result->out, $result->err;
	return $result;
}
sub site_ok { return tool_ok(['-c', $conf, @_], "@_") }

sub make_keys {
	my ($service) = @_;
	tool_ok(['-q', qw(key new owner), "$site/$service.owner", '--service', $service =~ s/-.*//r, '--unprotected'], "the owner of $service");
	tool_ok(['-q', qw(key new identity), "$site/$service.identity", '--owner', "$site/$service.owner", '--unprotected'], 'an identity');
	tool_ok(['-q', qw(key endorse), "$site/$service.writer", '--owner', "$site/$service.owner", qw(--role writer --recipient), "$site/$service.identity.pub"], 'a bundle');
	tool_ok(['-q', qw(key new evidence), "$site/$service.evidence", '--owner', "$site/$service.owner", '--unprotected', '--valid-for', '1y'], 'an evidence key');
}

sub make_run {
	my ($key, $number) = @_;
	program_ok([$maker, 'runs', $state, "$site/$key", "$site/repository", $number, 1], "run $number, signed by $key");
}
sub run_id { return sprintf '20261122T10%02d00Z-%08x', $_[0], $_[0] }

# Arguments of both are --key FILE and --endorsed-by FILE.
my $copies = 0;
sub both_find {
	my ($name, $change, $trust, $expected) = @_;
	my $copy = work_path('copy-' . ++$copies);
	run_program(['cp', '-a', work_path('exported'), $copy])->status == 0 or die "cannot copy\n";
	$change->($copy);
	subtest $name => sub {
		my $script = start_program(['sh', $verifier, $copy, map { $_ eq '--key' ? () : $_ } @$trust]);
		my $result = tool('evidence', 'verify', '--from', $copy, @$trust, '--json');
		my $document = decode_json((split /\n/, $result->out)[0] // die $result->describe);
		my %codes = map { join(' ', $_->{severity}, $_->{run} // 'audit.log', $_->{code}) => 1 } @{ $document->{findings} };
		my @codes = sort keys %codes;
		$script = $script->wait(120);
		diag $script->err if $script->err;
		is_deeply([grep { /^(?:error|warning) / } split /\n/, $script->out], \@codes, 'both find the same') or diag explain \@codes;
		is_deeply([grep { !/ unlocked$/ } @codes], [sort @$expected], 'what was done');
		my $status = @$expected ? 13 : 0;
		is($result->status, $status, "odrbackup exits with $status");
		is($script->status, $status, 'and the script, too');
	};
}

sub alter {
	my ($key, $edit, @names) = @_;
	return sub {
		my ($copy) = @_;
		for my $name (@names) {
			my $path = "$copy/$name";
			write_file($path, $edit->(read_file($path)));
			run_program([$maker, 'sign', "$site/$key", $path])->status == 0 or die "cannot sign\n";
		}
	};
}

make_keys($_) for qw(erp web erp-stranger);
tool_ok(['-q', qw(key new evidence), "$site/erp.new", '--owner', "$site/erp.owner", '--unprotected'], 'a new evidence key');
sub write_conf {
	my ($key) = @_;
	write_file($conf, join "\n", "[odrbackup]\nstate=$state\nspool=$site/spool\n[repository main]\npath=$site/repository", map {
		"[service $_]\nrepositories=main\npostgres=none\nconfig=none\nwriter-bundle=$site/$_.writer\nevidence-key=$site/" . ($_ eq 'erp' ? $key : "$_.evidence") . "\n"
	} qw(erp web));
}
write_conf('erp.evidence');
site_ok('init', $_, '--single-recipient') for qw(erp web);
site_ok('audit', 'checkpoint', $_) for qw(erp web erp web);
make_run('erp.evidence', 1);
make_run('web.evidence', 2);
write_conf('erp.new');
make_run('erp.new', 3);

subtest 'on the host' => sub {
	my $verdict = decode_json(site_ok('evidence', 'verify', '--json')->out);
	my %services = map { $_->{key} => $_->{service} } @{ $verdict->{signers} };
	is_deeply([sort values %services], [qw(erp erp web)], 'each key signed for its service, also the one of before');
	like(site_ok('evidence', 'verify')->out, qr/documents signed by key [0-9a-f]{64}\n  endorsed for service web since \S+, until /, 'which is told');
	site_ok('evidence', 'verify', 'web', '--stored');
	site_ok('evidence', 'verify', '--stored');
	is(decode_json(site_ok('audit', 'verify', '--json')->out)->{good}, JSON::PP::true(), 'checkpoints of both hold the chain');
	site_ok('evidence', 'export', '--output', work_path('exported'));
	ok(-s work_path('exported', "$_.evidence.pem"), "the key of $_ is exported") for qw(erp web);
	tool_fails(['evidence', 'verify', '--from', work_path('exported')], 2, 'by whom is it to be signed?', 'somebody has to be trusted');
	tool_fails(['evidence', 'verify', '--from', work_path('exported'), '--endorsed-by', "$site/erp.evidence.pem"], 2, '', 'a PEM names no owner');
};

my @both = map { ('--endorsed-by', "$site/$_.identity.pub") } qw(erp web);
my @pem = map { ('--key', "$site/$_.pem") } qw(erp.evidence web.evidence erp.new);
both_find('owners, known by public parts of identities', sub { }, \@both, []);
both_find('keys', sub { }, \@pem, []);
both_find('both', sub { }, [@pem, @both], []);
both_find('one owner of two', sub { }, ['--endorsed-by', "$site/erp.identity.pub"],
	[map({ my $run = run_id(2); "error $run $_" } qw(record-signature receipt-signature teardown-signature)),
		map { "error $_ checkpoint-damaged" } checkpoints_of('web')]);
both_find('another owner of the same name', sub { }, [@pem, '--endorsed-by', "$site/erp-stranger.identity.pub", '--endorsed-by', "$site/web.identity.pub"],
	[map { "error $_ key-unendorsed" } run_id(1), run_id(3), checkpoints_of('erp')]);
both_find('a record signed by the key of another service', alter('web.evidence', sub { $_[0] }, 'evidence/' . run_id(1) . '/record.json'), \@both,
	[map { "error ${\run_id(1)} $_" } qw(key-service receipt-differs)]);
both_find('an attestation signed by a key of nobody', alter('erp-stranger.evidence', sub { $_[0] }, 'evidence/' . run_id(1) . '/teardown.json'),
	[@pem, '--key', "$site/erp-stranger.evidence.pem", @both], ["error ${\run_id(1)} key-unendorsed"]);
both_find('what was stored after the endorsement ended', alter('erp.evidence', sub { $_[0] =~ s/"stored_at": *"\d{4}/"stored_at": "2035/gr }, 'evidence/' . run_id(1) . '/receipt.json'),
	\@both, ["error ${\run_id(1)} key-unendorsed"]);
both_find('and before it began', alter('erp.evidence', sub { $_[0] =~ s/"stored_at": *"\d{4}/"stored_at": "2015/gr }, 'evidence/' . run_id(1) . '/receipt.json'),
	\@both, ["error ${\run_id(1)} key-unendorsed"]);
both_find('a writer of the service', sub {
	my ($copy) = @_;
	program_ok([$maker, 'sign-as-writer', "$site/erp.evidence", "$site/erp.owner", "$copy/evidence/" . run_id(1) . '/record.json'], 'signed');
}, \@both, [map { "error ${\run_id(1)} $_" } qw(key-unendorsed receipt-differs)]);

# As the manual has it.
subtest 'stock programs' => sub {
	my $folder = work_path('exported', 'evidence', run_id(1));
	my ($block) = read_file(source_path('man/odrbackup-evidence.5')) =~ /^(bin\(\) .*?)^\.Ed$/ms;
	ok($block, 'the manual has the commands');
	my $commands = $block =~ s/\\e/\\/gr =~ s{alice\.pub}{$site/erp.identity.pub}gr;
	write_file("$folder/commands", "set -e\ncd $folder\n$commands");
	my $result = program_ok(['sh', "$folder/commands"], 'they end well');
	like($result->out, qr/Signature Verified Successfully.*\n\s*3\s*\n\s*\d{16}\s+\d{16}\s*$/, 'the owner endorsed it as evidence, from a time to another');
	is(read_file("$folder/KEY.pem"), read_file("$site/erp.evidence.pem"), 'and this key');
	write_file("$folder/commands", "set -e\ncd $folder\n" . $commands =~ s{erp\.identity}{web.identity}gr);
	isnt(run_program(['sh', "$folder/commands"])->status, 0, 'another owner did not');
};

done_testing();

# Ids of those that one service signed.
sub checkpoints_of {
	my ($service) = @_;
	return grep { decode_json(read_file(work_path('exported', 'audit', "$_.json")))->{service} eq $service }
	  map { m{/([^/.]+)\.json$} ? $1 : () } glob(work_path('exported', 'audit', '*.json'));
}
