#!/usr/bin/perl
# Keys, recovery kit, configuration and command line, as people meet them.
use strict;
use warnings;
use Test::More;

use Odr::Site;
use Odr::Tool;
use Odr::Work;

sub mode_of { return sprintf '%04o', (stat $_[0])[2] & 07777 }

my $dir = new_dir(work_path('keys'), 0700);
my $home = new_dir(work_path('home'), 0700);
sub path { return "$dir/$_[0]" }

# Key files.
my $made = tool_ok(['key', 'new', 'owner', path('owner'), '--service', 'erp-prod', '--unprotected'], 'an owner key is made');
like($made->out, qr/^Next: odrbackup key new identity/m, 'and the next command is suggested');
is(mode_of(path('owner')), '0600', 'only its owner reads it');
tool_fails(['key', 'new', 'owner', path('owner'), '--service', 'erp-prod', '--unprotected'], 1,
	qr/'\Q@{[path('owner')]}\E' is there already; a key file is never overwritten/, 'a key file is never overwritten');
tool_fails(['key', 'new', 'owner', path('other'), '--service', '../x', '--unprotected'], 2, qr/'\.\.\/x' is no name of a service/,
	'a hostile service name is refused');
tool_fails(['key', 'new', 'owner', path('other')], 2, qr/--service is missing/, 'a missing option is named');
tool_fails(['key', 'new', 'owner', path('other'), '--service', 'x', '--no-input'], 12, qr/needs a passphrase, and there is nobody to ask/,
	'without a terminal nobody is asked');
ok(!-e path('other'), 'and nothing is written');

tool_ok(['key', 'new', 'identity', path($_), '--owner', path('owner'), '--unprotected'], "identity $_ is made") for qw(one two);
tool_ok(['key', 'new', 'identity', path('standby'), '--owner', path('owner'), '--scope', 'wal', '--unprotected'], 'one for WAL only');
is(mode_of(path('one')), '0600', 'an identity is secret');
is(mode_of(path('one.pub')), '0644', 'its public part is not');

# Passphrases.
write_file(path('pass'), "correct horse battery\n", 0600);
write_file(path('wrong'), "incorrect horse battery\n", 0600);
write_file(path('short'), "horse\n", 0600);
write_file(path('open'), "correct horse battery\n", 0644);
give(map { path($_) } qw(pass wrong short open));
tool_ok(['key', 'new', 'identity', path('locked'), '--owner', path('owner'), '--passphrase-file', path('pass')], 'a protected identity');
tool_fails(['key', 'new', 'identity', path('x'), '--owner', path('owner'), '--passphrase-file', path('short')], 2,
	qr/at least 8 bytes/, 'a short passphrase is refused');
tool_fails(['key', 'new', 'identity', path('x'), '--owner', path('owner'), '--passphrase-file', path('open')], 12,
	qr/others than its owner/, 'so is a file that others can read');
write_file(path('safe'), "a passphrase for the safe\n", 0600);
give(path('safe'));
tool_ok(['key', 'new', 'owner', path('safe-owner'), '--service', 'shop', '--passphrase-file', path('safe')], 'a protected owner key');
my @shop = ('key', 'new', 'identity', path('x'), '--owner', path('safe-owner'), '--new-passphrase-file', path('pass'));
tool_fails([@shop, '--passphrase-file', path('pass')], 12, qr/passphrase/, 'the owner key is opened by its own passphrase');
tool_fails([@shop, '--passphrase-file', path('safe'), '--unprotected'], 2, qr/exclude each other/, 'protected or not');
ok(!-e path('x') && !-e path('x.pub'), 'nothing is left of a refused key');
$shop[3] = path('shop-identity');
tool_ok([@shop, '--passphrase-file', path('safe')], 'an identity gets a passphrase of its own');
my ($shop_conf, $shop_kit) = (path('shop.conf'), path('shop.kit'));
write_file($shop_conf, "[odrbackup]\nstate=$dir/state\nspool=$dir/spool\n[repository r]\npath=$dir/r\n[service shop]\nrepositories=r\n", 0600);
give($shop_conf);
tool_ok(['-c', $shop_conf, 'key', 'endorse', path('shop-writer'), '--owner', path('safe-owner'), '--role', 'writer',
	'--passphrase-file', path('safe'), '--recipient', path('shop-identity')], 'which it does not need as a recipient');
tool_ok(['key', 'new', 'identity', path('shop-open'), '--owner', path('safe-owner'), '--passphrase-file', path('safe'), '--unprotected'],
	'an unprotected one');
tool_ok(['-c', $shop_conf, 'kit', 'create', $shop_kit, '--owner', path('safe-owner'), '--identity', path('shop-open'),
	'--passphrase-file', path('safe'), '--new-passphrase-file', path('pass')], 'a kit gets a passphrase of its own');
tool_ok(['key', 'new', 'identity', path('from-kit'), '--owner', $shop_kit, '--passphrase-file', path('pass')], 'that opens it');

# Bundles.
tool_fails(['key', 'endorse', path('bundle'), '--owner', path('owner'), '--role', 'writer', '--recipient', path('standby.pub')], 2,
	qr/scope all/, 'a writer for whom nobody could open sets is refused');
tool_ok(['key', 'endorse', path('bundle'), '--owner', path('owner'), '--role', 'writer', '--recipient', path('one.pub'),
	'--valid-for', '1y'], 'a writer is endorsed');
is(mode_of(path('bundle')), '0600', 'its bundle is secret');
tool_fails(['key', 'add-recipient', path('bundle'), path('one.pub')], 1, qr/is there already/, 'a recipient is added once');
tool_ok(['key', 'new', 'owner', path('foreign'), '--service', 'erp-prod', '--unprotected'], 'a foreign owner key');
tool_ok(['key', 'new', 'identity', path('foreign-id'), '--owner', path('foreign'), '--unprotected'], 'a foreign identity');
tool_fails(['key', 'add-recipient', path('bundle'), path('foreign-id.pub')], 6, qr/another owner key/,
	'a recipient of another owner key is refused');
write_file(path('damaged'), read_file(path('bundle')) =~ s/^secret=..../secret=AAAA/mr, 0600);
give(path('damaged'));

my @keys = @{ tool('key', 'list', '--json', map { path($_) } qw(owner one one.pub locked bundle))->json->{keys} };
is(join(' ', map { $_->{type} } @keys), 'owner identity recipient identity bundle', 'types are told without unlocking');
is($keys[1]{fingerprint}, $keys[2]{fingerprint}, 'an identity and its public part have one fingerprint');
is(scalar(grep { $_->{owner_fingerprint} eq $keys[0]{fingerprint} } @keys), 5, 'all belong to the owner key');
tool_fails(['key', 'list', path('pass'), path('one')], 2, qr/pass/, 'what is no key file is named, and the others are listed');

# Initialization: a single recipient is refused unless told, and it may be repeated.
my $conf = path('odrbackup.conf');
sub configure {
	my ($more) = @_;
	write_file($conf, "[odrbackup]\nstate=$dir/state\nspool=$dir/spool\nwriter-bundle=$dir/bundle\nidentity=$dir/one\n"
		. "[repository main]\npath=$dir/repository\n[service erp-prod]\nrepositories=main\n" . ($more // ''), 0600);
	give($conf);
}
configure();
tool_fails(['-c', $conf, 'key', 'test', path('one')], 10, qr/'\Q@{[path('repository')]}\E' does not exist/, 'a repository that is not there is named');
tool_fails(['-c', $conf, 'config', 'check'], 10, qr/if it is new, 'odrbackup init' makes it; if not, is it mounted\?/,
	'a repository that is not there may be new');
tool_fails(['-c', $conf, 'init'], 6, qr/single recipient.*--single-recipient/, 'init refuses a single recipient');
ok(!-e path('repository'), 'and makes nothing');
tool_ok(['-c', $conf, 'init', '--single-recipient'], 'unless told');
tool_ok(['key', 'add-recipient', path('bundle'), path('two.pub')], 'a second recipient is added');
my $again = tool_ok(['-c', $conf, 'init', 'erp-prod'], 'init may be repeated');
like($again->out, qr/archive_command = '\S+ -c \Q$conf\E archive-push --service erp-prod %p'/, 'it tells the archive_command');

# Configuration.
my $check = tool_ok(['-c', $conf, 'config', 'check'], 'the configuration is good');
unlike($check->out, qr/problem/, 'without problems');
my %origin = map { ("$_->{group}/$_->{key}" => $_) } @{ tool('-c', $conf, 'config', 'show', '--json')->json->{settings} };
is($origin{'service erp-prod/identity'}{origin}, "$conf:5", 'a value tells its line');
is($origin{'tier default/retain'}{origin}, 'default', 'or that it is the default');
configure("[tier gold]\nretian=3d\n");
tool_fails(['-c', $conf, 'list'], 2, qr/\Q$conf\E:11: unknown key 'retian' in \[tier gold\]; did you mean 'retain'\?/,
	'an unknown key is named with its line');
configure("[service shop]\nrepositories=main\n");
tool_fails(['-c', $conf, 'check'], 2, qr/which service\? There are erp-prod and shop/, 'which of two services is asked');
for my $query ('status', 'list') {
	my $document = tool('-c', $conf, $query, '--json')->json;
	is(join(' ', map { $_->{service} } @{ $document->{services} }), 'erp-prod shop', "$query shows all where none is named");
	is($document->{schema_version}, 1, 'in one document');
	is(tool('-c', $conf, $query, 'erp-prod', '--json')->json->{service}, 'erp-prod', 'or the one that is named');
	like(tool('-c', $conf, $query)->out, qr/^erp-prod\b.*^\n?shop\b/ms, 'one block each');
}
is(tool('-c', $conf, 'status')->status, 0, 'status succeeds whatever it tells');
is(tool('-c', $conf, 'status', '--strict')->status, 7, 'unless it is to be strict');
tool_fails(['-c', $conf, 'status', 'shpo'], 2, qr/there is no service 'shpo'; did you mean 'shop'/, 'a service that does not exist');
tool_fails(['-c', $conf, 'init', 'shop'], 12, qr/is a key of service 'erp-prod', not of service 'shop'/, 'a bundle of another service');
configure();

# The command line.
tool_fails(['bakcup'], 2, qr/unknown command 'bakcup'; did you mean 'backup'\?/, 'a mistyped command');
tool_fails(['restore', '--pgdta', 'x'], 2, qr/unknown option '--pgdta'; did you mean '--pgdata'\?/, 'a mistyped option');
tool_fails(['-c', $conf, 'init', 'erp-prdo'], 2, qr/there is no service 'erp-prdo'; did you mean 'erp-prod'\?/, 'a mistyped service');
my ($usual) = tool('-h')->out =~ /--config FILE\s+configuration \((.*)\)/;
tool_fails(['list'], 2, "there is no configuration '$usual'; name another by -c FILE", 'the usual configuration is where help says') if !-e $usual;
tool_fails(['-c', path('none'), 'list'], 7, qr/cannot read the configuration: .*none/, 'a missing configuration');
my $error = tool('--json', 'bakcup');
my ($document) = grep { /^\{/ } split /\n/, $error->err;
is_deeply(decode_json($document), { message_type => 'exit_error', code => 2,
	message => q(unknown command 'bakcup'; did you mean 'backup'?) }, 'with --json the error is a document');
like($document, qr/^\{"message_type":/, 'that tells first what it is');
like(tool('restore', '-h')->out, qr/^Examples:/, 'help begins with examples');
is(tool('--version')->status, 0, 'the version is told');

# Statuses of the archive commands.
tool_fails(['archive-get'], 126, qr/an argument is missing/, 'archive-get: usage');
tool_fails(['--bogus', 'archive-get', 'a', 'b'], 126, qr/unknown option/, 'archive-get: unknown option');
tool_fails(['bogus', 'archive-get', 'a', 'b'], 126, qr/unknown command/, 'archive-get: even where it is not the command');
tool_fails(['-c', path('none'), 'archive-get', 'a', 'b'], 126, qr/cannot read the configuration/, 'archive-get: configuration');
tool_fails(['-c', $conf, '--identity', path('none'), 'archive-get', '000000010000000000000001', path('to')], 126,
	qr/cannot read the identity/, 'archive-get: key');
tool_fails(['-c', $conf, 'archive-get', '000000010000000000000001', path('to')], 1, qr//, 'archive-get: proven absence');
tool_fails(['archive-push'], 2, qr/an argument is missing/, 'archive-push: usage');
tool_fails(['-c', $conf, '--repository', 'main', 'archive-push', 'x'], 2, qr/every repository/, 'archive-push: all repositories, or none');

# A kit, and what opens what, on a real set.
my $site = Odr::Site->new(recipients => 2, name => 'kit')->create;
tool_fails(['-c', $site->conf, 'key', 'test', $site->identity(2)], 7, qr/has no set of the owner key/, 'without a set nothing can be proven');
$site->backup('a set');
my ($set) = map { $_->{set} } @{ $site->json("list")->{sets} };
my $opened = $site->tool('key', 'test', $site->identity(2), '--json')->json;
is($opened->{opened}[0]{set}, $set, 'the second identity opens the newest set');
cmp_ok($opened->{opened}[0]{bytes}, '>', 0, 'and content of it');
$site->tool_ok(['key', 'test', $site->identity, $site->service, $set], 'the first identity opens the named set');
$site->tool_fails(['key', 'test', $site->identity, $site->service, '20200101T000000Z-00000000'], 7, qr/20200101T000000Z-00000000/,
	'a set that is not there is named');
$site->tool_fails(['key', 'test', path('one')], 12, qr/are of different owner keys/, 'an identity of another owner key opens nothing');

# What people read.
is($site->tool('check', '-q')->out, '', 'a quiet check that finds nothing says nothing');
like($site->tool('show', 'latest')->out, qr/^WAL  .* on timeline 1\n +segments? [0-9A-F]{24}( to [0-9A-F]{24})? of 16 MiB; the manifest lists \d+ objects?$/m,
	'the WAL of a set is told in words');
sub on_terminal {
	my ($more, %env) = @_;
	return run_program(['script', '-qec', Odr::Tool::tool_path() . ' -c ' . $site->conf . " status $more", '/dev/null'],
		env => { TERM => 'xterm', %env })->out;
}
like(on_terminal(''), qr/: \e\[3[123](;1)?m[a-z ]+\e\[0m/, 'a terminal shows the state in colour');
unlike($_, qr/\e/, 'unless it is not wanted') for on_terminal('--no-color'), on_terminal('', NO_COLOR => 1), on_terminal('', TERM => 'dumb'),
	$site->tool('status')->out;

my $kit = $site->path('erp.kit');
my @environment = ({ env => { XDG_STATE_HOME => $home } });
$site->tool_ok(['kit', 'create', $kit, '--owner', $site->owner, '--identity', $site->identity(2),
	'--passphrase-file', path('pass')], 'a kit is made');
is(mode_of($kit), '0600', 'only its owner reads it');
my $runbook = read_file("$kit.txt");
my ($print) = map { $_->{fingerprint} } @{ tool('key', 'list', '--json', $site->identity(2))->json->{keys} };
like($runbook, qr/key that opens \Q$print\E/, 'its runbook tells the fingerprint');
like($runbook, qr/\Q@{[$site->repository]}\E/, 'and where the repository is');
unlike(read_file($kit), qr/protection=none/, 'its keys are protected');
tool_fails(['kit', 'test', $kit, '--passphrase-file', path('wrong')], 12, qr/passphrase/, 'a wrong passphrase', @environment);
my $tested = tool_ok(['kit', 'test', $kit, '--passphrase-file', path('pass')], 'the kit works without configuration', @environment);
like($tested->out, qr/the newest set \Q$set\E opens/, 'and opens the newest set');
is(tool('list', '--kit', $kit, '--passphrase-file', path('pass'), '--json', @environment)->json->{sets}[0]{set}, $set,
	'a new host sees the sets with it');
tool_fails(['list', '--kit', $kit, '-c', $site->conf], 2, qr/exclude each other/, 'a kit stands for the configuration', @environment);
tool_fails(['key', 'test', $kit, '--no-input'], 12, qr/nobody to ask/, 'nobody is asked where nobody is', @environment);
tool_ok(['key', 'endorse', path('new-writer'), '--owner', $kit, '--passphrase-file', path('pass'), '--role', 'writer',
	'--recipient', $site->identity(2) . '.pub'], 'the owner key in the kit endorses the writer of the new host');
tool_ok(['key', 'endorse', path('bare-writer'), '--owner', $kit, '--passphrase-file', path('pass'), '--role', 'writer',
	'--recipient', $kit, '--recipient', $site->identity(1)], 'and seals to the identity in the kit, and to an identity file');
my %bare = map { $_ => 1 } read_file(path('bare-writer')) =~ /^recipient-\d+=.*;([0-9a-f]{16});?$/mg;
is_deeply(\%bare, { map { $_->{fingerprint} => 1 } @{ tool('key', 'list', '--json', map { $site->identity($_) } 1, 2)->json->{keys} } },
	'by their public parts');
tool_fails(['key', 'add-recipient', path('bare-writer'), $kit], 1, qr/is there already/, 'it is the same recipient');
tool_fails(['key', 'add-recipient', path('bare-writer'), $site->owner], 2, qr/of type owner; needed is a recipient, or an identity/,
	'an owner key opens nothing');

# PostgreSQL fetches its WAL without a passphrase, and without the medium the kit is on.
my $state = "$home/odrbackup/" . $site->service;
my @kept = map { "$state/$_" } qw(recovery-identity recovery.conf);
tool_ok(['restore', '--kit', $kit, '--passphrase-file', path('pass'), '--pgdata', path('restored')], 'a new host restores with the kit', @environment);
is(join(' ', map { mode_of($_) } @kept), '0600 0600', 'identity and settings are kept for recovery, for nobody else');
rename $_, "$_.away" for $kit, path('pass');
my $copy = $site->cluster->copy_at('kit-copy', path('restored'))->start->wait_promoted(60);
is($copy->psql('SELECT 1'), 1, 'recovery needs neither the kit nor the file with the passphrase');
$copy->stop;
rename "$_.away", $_ for $kit, path('pass');
is_deeply([grep { -e } @kept], [], 'and removes what was kept for it');
$site->tool_ok(['restore', '--identity', $kit, '--passphrase-file', path('pass'), '--pgdata', path('again')],
	'a protected identity, with the configuration');
my $auto = read_file(path('again') . '/postgresql.auto.conf');
my $unlocked = $site->path('state', $site->service, 'recovery-identity');
like($auto, qr/^restore_command = '\S+ --config \Q@{[$site->conf]}\E --identity \Q$unlocked\E archive-get /m, 'is unlocked once');
like($auto, qr/^recovery_end_command = 'rm -f \Q$unlocked\E'/m, 'until recovery ends');

rename $site->repository, $site->repository . '.away';
tool_fails(['kit', 'test', $kit, '--passphrase-file', path('pass')], 10, qr/repository/, 'a repository that is gone is unreachable',
	@environment);
rename $site->repository . '.away', $site->repository;

done_testing();
