#!/usr/bin/perl
# Odoo on the copy, by a stand-in that does what Odoo does (tests/lib/odoo/odoo-bin): it is started with what was restored and can
# reach nobody; what it answers is judged; one that does not answer, or answers wrongly, fails the drill, with what to look at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET ();
use IO::Socket::UNIX ();
use JSON::PP ();
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1);
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{"service $service"} = { filestore => $root, config => 'none' };
$site->create;
my $source = $site->cluster;
$source->psql('CREATE ROLE odoo LOGIN');
my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->create->business;
$source->psql('ALTER DATABASE shop OWNER TO odoo');
$source->psql('GRANT ALL ON ALL TABLES IN SCHEMA public TO odoo', 'shop');
my $document = $shop->upload('a document', res_model => 'account.move', res_id => 2);
$site->backup('database and filestore');

# Modules with code, on this host: base and sale, each with what neutralizes it.
my $addons = new_dir($site->path('addons'), 0755);
my $standin = source_path('tests/lib/odoo/odoo-bin');

sub module {
	my ($folder, $name, $version) = @_;
	new_dir("$folder/$name$_", 0755) for "", "/data";
	write_file("$folder/$name/__manifest__.py", "{\n    'name': \"$name\",  # 'version': '9'\n    'version': '$version',\n    'depends': [],\n}\n");
	write_file("$folder/$name/data/neutralize.sql", "-- what the module sends\nUPDATE ir_cron SET active = false -- without a semicolon");
}

module($addons, 'base', '1.3');
module($addons, 'sale', '17.0.1.2');

my @usual = ('/usr/bin/perl', $standin, '-c', '%c', '-d', '%d');
my $drills = Odr::Drill->new(site => $site, usual => {
	neutralize => undef,
	odoo => { command => join('; ', @usual), configuration => 'app/odoo.conf', 'start-limit' => '30s' },
	'check users' => { type => 'sql', sql => 'app/users.sql' },
	'check wrong-password' => { type => 'http', scenario => 'builtin:odoo-login-refused', gate => 'true' },
	'control no-logins' => { check => 'users', sql => 'app/damage.sql' },
	evidence => { key => 'evidence' },
});
my $sandbox = $drills->sandbox;
my $plans = new_dir($site->path('plans', 'app'));
write_file("$plans/odoo.conf", <<"CONF");
[options]
; as Odoo writes it
addons_path = $addons
db_host = db.example.org
db_user = odoo
db_password = secret
admin_passwd = secret
smtp_server = mail.example.org
http_port = 8099
workers = 4
max_cron_threads = 2
proxy_mode = True
server_wide_modules = base,web,queue_job
limit_time_real = 600
CONF
write_file("$plans/form.txt", "csrf_token=\${token}\nlogin=\${login}\npassword=\${password}\n");
write_file("$plans/count.sql", "SELECT count(*) FROM account_move WHERE state = 'posted'\n");
write_file("$plans/wrong.sql", "SELECT count(*) + 1 FROM account_move WHERE state = 'posted'\n");
write_file("$plans/invoice.json", '{"params": {"model": "account.move", "method": "search_read", "args": [[["id", "=", 2]]], '
	  . '"kwargs": {"fields": ["id", "name", "amount_total"]}}}');
write_file("$plans/no-model.json", '{"params": {"model": "sale.order", "method": "search_count", "args": [[]], "kwargs": {}}}');
write_file("$plans/users.sql", "-- id: users  kind: assert  module: base  odoo: 14-18\n-- needs: res_users\n"
	  . "SELECT count(*) FILTER (WHERE active AND login IS NULL) AS bad, count(*) AS total, NULL AS detail FROM res_users\n");
write_file("$plans/damage.sql", 'UPDATE res_users SET login = NULL');
my $said = $site->path('said');
write_file("$plans/look.sh", <<'SH', 0755);
#!/bin/sh
# What a command is told, and that it is true.
set -e
env | sort
echo "$ODR_SERVICE $ODR_RUN" | grep -q '^erp-prod [0-9]'
test -d "$ODR_FILESTORE/$ODR_DATABASE"
psql -X -A -t -d "$ODR_CONNINFO dbname=$ODR_DATABASE" -c 'SELECT count(*) FROM res_users' | grep -q '^2$'
perl -MIO::Socket::INET -e '
	my ($host, $port) = $ENV{ODR_URL} =~ m{^http://([\d.]+):(\d+)$} or die "no ODR_URL\n";
	my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or die "Odoo does not answer: $!\n";
	print $socket "GET /web/health HTTP/1.0\r\n\r\n";
	my $answer = join "", <$socket>;
	print $answer =~ /"status": "pass"/ ? "Odoo answers a command\n" : "it said: $answer\n";
	exit($answer =~ /pass/ ? 0 : 1);'
SH

sub standing_in { return { command => join '; ', @usual, map { "--stand-in=$_" } @_ } }

# One drill: its record.
sub drill {
	my ($plan, $status, $outcome, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($record) = $drills->run($plan, [], $status, $outcome, $name);
	$drills->ok_nothing_left($name);
	return $record;
}

sub state_of {
	my ($record, $name, $part) = @_;
	my ($found) = grep { $_->{name} eq $name && (!$part || ($_->{part} // '') eq $part) } @{ $record->{checks} };
	return $found // { status => 'not there', message => 'not there' };
}

sub says {
	my ($record, $check, $status, $message, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(state_of($record, $check)->{status}, $status, "$name is $status");
	like(state_of($record, $check)->{message}, $message, "$name: it says why");
}

subtest 'Odoo on the copy' => sub {
	my $outside = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "cannot listen: $!\n";
	my $abstract = "odr-app-$$";
	my $hidden = IO::Socket::UNIX->new(Listen => 5, Local => "\0$abstract") or die "cannot listen: $!\n";
	my @reach = ('127.0.0.1:' . $outside->sockport, '192.0.2.1:443', '[2001:db8::1]:443', "\@$abstract");
	my @write = ("$root/shop/written", '/etc/written', '/tmp/odr-app-written');
	my $record = drill($drills->plan('all',
			odoo => standing_in((map { "reach=$_" } @reach), map { "write=$_" } @write),
			'check login' => { type => 'http', scenario => 'builtin:odoo-login', gate => 'true' },
			'check web' => { type => 'http', scenario => 'builtin:odoo-web-client' },
			'check count' => { type => 'http', scenario => 'builtin:odoo-count' },
			'check report' => { type => 'http', scenario => 'builtin:odoo-invoice-report' },
			'check document' => { type => 'http', scenario => 'builtin:odoo-attachment', gate => 'true' },
			'check form' => { type => 'http',
				'step-1' => 'GET /web/login; status 200; find csrf_token; capture token input:csrf_token',
				'step-2' => 'POST /web/login; form app/form.txt; status 303',
				'step-3' => 'GET /web; status 200; find neutralize_banner; absent Traceback',
				'step-4' => 'POST /web/dataset/call_kw; json app/invoice.json; value /result/0/amount_total eq 20700; value /result/0/name eq INV/2026/00002',
				'step-5' => 'POST /web/dataset/call_kw; json builtin:odoo-count; equals-sql app/count.sql' },
			'check command' => { type => 'command', stage => 'app', command => 'app/look.sh' },
			'check command-early' => { type => 'command', stage => 'paused', command => '/bin/sh; -c; test -z "$ODR_URL"' },
			'check odoo-log' => { type => 'log', source => 'odoo', forbid => ' (ERROR|CRITICAL|WARNING) ; Traceback' },
			'check reached' => { type => 'log', source => 'odoo', forbid => 'was reached; could be written', gate => 'true' },
			'check tried' => { type => 'log', source => 'odoo', severity => 'info', forbid => ' odoo\\\\.(reach|write): ' },
			'check server-log' => { type => 'log', source => 'postgres', forbid => 'PANIC:' },
			'check quick' => { type => 'span', figure => 'application', 'at-most' => '1min' }),
		0, 'pass', 'all of it');
	is(state_of($record, $_)->{status}, 'pass', "$_ passes")
	  or diag state_of($record, $_)->{message}
	  for qw(login wrong-password web count report document form command command-early odoo-log reached server-log quick users);
	is(state_of($record, 'tried')->{value}, @reach + @write, 'everything outside was tried, from inside');
	is(state_of($record, 'command')->{message}, 'Odoo answers a command', 'what a command says is its message');
	is($record->{neutralization}{left}, 0, 'it was neutral before');
	is_deeply([map { $_->{name} } @{ $record->{neutralization}{files} }],
		['base/data/neutralize.sql', 'sale/data/neutralize.sql', 'builtin/drill-extra-neutralize.sql'], "by the modules' own SQL");
	is($record->{requeue}{jobs}, 2, 'jobs that ran were counted');
	is_deeply([sort map { $_->{id} } @{ $record->{requeue}{ids} }], [1, 2], 'and are named');
	is_deeply([map { $_->{status} } @{ $record->{controls} }], ['pass'], 'planted damage was found');
	cmp_ok($record->{measured}{rta_service_ready_us}, '>', 0, 'until it answered was measured');
	unlike(JSON::PP->new->encode($record), qr/\bsecret\b/, 'nothing secret is in the record');
	is($source->psql("SELECT count(*) FROM queue_job WHERE state = 'started'", 'shop'), 1, 'the source is as it was');
	ok(!-e $_, "$_ was not written") for @write;
};

subtest 'Odoo in a network that others made' => sub {
	plan(skip_all => 'not root') if $> != 0;
	my ($record) = $drills->run($drills->plan('given', isolation => { namespace => 'container' }, odoo => standing_in('reach=192.0.2.1:443'),
			'check login' => { type => 'http', scenario => 'builtin:odoo-login', gate => 'true' },
			'check command' => { type => 'command', stage => 'app', command => 'app/look.sh', gate => 'true' },
			'check reached' => { type => 'log', source => 'odoo', forbid => 'was reached', gate => 'true' }),
		[{ under => ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', '-'] }], 0, 'pass', 'a container');
	is($record->{isolation}{made_by}, 'container', 'is spoken to there');
	$drills->ok_nothing_left('a container');
};

subtest 'a rehearsal changes nothing' => sub {
	write_file("$plans/jobs.sql", "-- id: jobs  kind: assert  module: base  odoo: 14-18\n-- needs: queue_job\n"
		  . "SELECT 2 - count(*) FILTER (WHERE state IN ('started', 'enqueued')) AS bad, count(*) AS total, NULL AS detail FROM queue_job\n");
	my ($record) = $drills->run($drills->plan('rehearsed', neutralize => { mode => 'none', reason => 'to see what is left of it' }, odoo => undef,
			'check wrong-password' => undef, 'check jobs' => { type => 'sql', stage => 'neutralized', sql => 'app/jobs.sql', gate => 'true' }), [], 0, 'pass', 'jobs');
	is($record->{requeue}{jobs}, 2, 'are counted');
	is(state_of($record, 'jobs')->{status}, 'pass', 'and run in the copy as they did');
};

subtest 'Odoo answers, and not as it should' => sub {
	my $post = 'POST /web/session/authenticate; json builtin:odoo-login; status 200';
	my $record = drill($drills->plan('wrong',
			'check status' => { type => 'http', 'step-1' => 'GET /web/login; status 404' },
			'check find' => { type => 'http', 'step-1' => 'GET /web/login; find Passkey' },
			'check absent' => { type => 'http', 'step-1' => 'GET /web/login; absent csrf_token' },
			'check value' => { type => 'http', 'step-1' => "$post; value /result/uid eq 1" },
			'check pointer' => { type => 'http', 'step-1' => "$post; value /result/nothing/here eq 1" },
			'check capture' => { type => 'http', 'step-1' => 'GET /web/login; status 200; capture token input:no_such_field' },
			'check sql' => { type => 'http', 'step-1' => $post, 'step-2' => 'POST /web/dataset/call_kw; json builtin:odoo-count; equals-sql app/wrong.sql' },
			'check no-session' => { type => 'http', 'step-1' => 'POST /web/dataset/call_kw; json builtin:odoo-count; equals-sql app/count.sql' },
			'check rpc-error' => { type => 'http', 'step-1' => $post, 'step-2' => 'POST /web/dataset/call_kw; json app/no-model.json; value /result ge 0' },
			'check sha1' => { type => 'http', 'step-1' => $post, 'step-2' => "GET /web/content/$document; sha1 " . '0' x 40 },
			'check csrf' => { type => 'http', 'step-1' => 'GET /web/login; status 200; capture token input:csrf_token', 'step-2' => 'POST /web/login; form app/form.txt; status 200' },
			'check redacted' => { type => 'http', redact => 'true', 'step-1' => $post, 'step-2' => 'POST /web/dataset/call_kw; json builtin:odoo-count; equals-sql app/wrong.sql' },
			'check only-warns' => { type => 'http', severity => 'warn', 'step-1' => 'GET /no/such/page; status 200' },
			'check command' => { type => 'command', stage => 'app', command => '/bin/sh; -c; echo invoices are missing\\; exit 1' },
			'check command-odd' => { type => 'command', stage => 'app', command => '/bin/sh; -c; echo out of order\\; exit 9' },
			'check command-passes-on' => { type => 'command', stage => 'app', command => '/bin/sh; -c; echo no printer here\\; exit 3' },
			'check log' => { type => 'log', source => 'odoo', forbid => 'ValueError|Exception during', allow => 'no such' },
			'check quick' => { type => 'span', figure => 'application', 'at-most' => '1ms' }),
		4, 'fail-check', 'wrong answers');
	my %message = (
		status => qr{^step 1, GET /web/login: expected status 404, found 200$},
		find => qr{^step 1, GET /web/login: expected 'Passkey', found '<!DOCTYPE html>},
		absent => qr{^step 1, GET /web/login: expected no 'csrf_token', found it$},
		value => qr{^step 1, POST /web/session/authenticate: expected /result/uid eq 1, found '2'$},
		pointer => qr{expected /result/nothing/here eq 1, found nothing$},
		capture => qr{expected a value at input:no_such_field, found nothing$},
		sql => qr{^step 2, POST /web/dataset/call_kw: expected '3' at /result, as app/wrong.sql says, found '2'$},
		'no-session' => qr{found the error odoo\.http\.SessionExpiredException: Session expired$},
		'rpc-error' => qr{found the error builtins\.ValueError: the query failed},
		sha1 => qr{expected a body with SHA-1 '0{40}', found 10 bytes with [0-9a-f]{40}$},
		csrf => qr{expected status 200, found 303$},
		redacted => qr{^step 2, POST /web/dataset/call_kw: expected the value at /result, as app/wrong.sql says, found something else$},
		'only-warns' => qr{expected status 200, found 404$},
		command => qr{^invoices are missing$},
		'command-odd' => qr{^it ended with status 9: out of order$},
		log => qr{ERROR shop odoo\.http: Exception during request handling: the query failed},
		quick => qr{^application took .*, and may take 1 ms$},
	);
	says($record, $_, 'fail', $message{$_}, $_) for sort keys %message;
	says($record, 'command-passes-on', 'not-assessed', qr/^no printer here$/, 'a command that cannot tell');
	says($record, 'wrong-password', 'pass', qr/answered as they have to be/, 'a wrong password');
	ok(!defined state_of($record, 'redacted')->{value}, 'what is redacted is not in the record');
	is_deeply($record->{also}, ['fail-check'], 'that is all there is to it');
};

subtest 'Odoo does not answer' => sub {
	my @checks = ('check login' => { type => 'http', scenario => 'builtin:odoo-login', gate => 'true' },
		'check command' => { type => 'command', stage => 'app', command => '/bin/sh; -c; test -z "$ODR_URL"' });
	my $record = drill($drills->plan('hangs', @checks, odoo => { %{ standing_in('hang') }, 'start-limit' => '2s' }), 4, 'fail-check', 'one that hangs');
	says($record, 'login', 'fail', qr{^Odoo did not answer at /web/health within 2 s: .*module sale from}, 'its login');
	is(state_of($record, 'command')->{status}, 'pass', 'commands are told of no URL');
	$record = drill($drills->plan('dies', @checks, odoo => standing_in('die')), 4, 'fail-check', 'one that dies');
	says($record, 'login', 'fail', qr{^Odoo ended with status 1 before it answered: ImportError: cannot import name 'Sentinel'}, 'its login');
	$record = drill($drills->plan('ill', @checks, odoo => { %{ standing_in('ill') }, 'start-limit' => '2s' }), 4, 'fail-check', 'one that is ill');
	says($record, 'login', 'fail', qr{^Odoo answered 500 at /web/health, and not 200 within 2 s: }, 'its login');
	$record = drill($drills->plan('nowhere', @checks, odoo => { command => '/opt/no/such/odoo-bin; -c; %c; -d; %d' }), 3, 'incomplete', 'one that is not there');
	says($record, 'login', 'not-assessed', qr{cannot run '/opt/no/such/odoo-bin': No such file}, 'its login');
};

subtest 'Odoo that may not be started' => sub {
	rename "$addons/sale", "$addons/sale.away" or die "cannot rename: $!\n";
	my $record = drill($drills->plan('no-code'), 6, 'refused', 'a module without code');
	like($record->{failure}{message}, qr{cannot neutralize database 'shop': the code of module 'sale' is not in the folders of 'app/odoo.conf'}, 'is named');
	rename "$addons/sale.away", "$addons/sale";
	write_file("$plans/armed.sql", "-- id: armed  kind: repair\nUPDATE ir_mail_server SET active = true, smtp_host = 'mail.example.org'");
	$record = drill($drills->plan('armed', neutralize => { mode => 'sql', after => 'app/armed.sql' }), 4, 'fail-check', 'a copy that could act');
	says($record, 'neutralized', 'fail', qr/live outgoing mail server/, 'what is left');
	says($record, 'wrong-password', 'not-assessed', qr/Odoo is not started: it is not proven that the copy is neutralized/, 'then Odoo');
	$record = drill($drills->plan('networked', isolation => { network => 'host', reason => 'this host has no namespaces' }), 3, 'incomplete', 'a copy that has a network');
	says($record, 'wrong-password', 'not-assessed', qr/Odoo is not started where it has a network/, 'Odoo with a network');
	is($record->{isolation}{verified}, JSON::PP::false(), 'nothing of its place is proven');
	is($record->{isolation}{reason}, 'this host has no namespaces', 'and the record says why');
};

# The source's own code: Odoo as a checkout with a module that was changed and one that git does not know, beside it a plain folder.
my ($core, $custom) = map { $site->path('opt', $_) } qw(odoo custom);
my $conf = $site->path('opt/odoo.conf');

sub git {
	my ($folder, @words) = @_;
	my $run = run_program(['git', '-C', $folder, '-c', 'user.name=Tester', '-c', 'user.email=tester@example.org', @words]);
	$run->ok or die "git @words: " . $run->err;
}

sub capture {
	my (%addons) = @_;
	$site->write_conf("service $service" => { config => 'odoo;addons' }, 'collect odoo' => { paths => $conf },
		'collect addons' => { paths => "$core/addons;$core/odoo/addons;$custom", %addons });
	$site->tool_ok(['backup', $service, '--part', 'config'], 'the configuration is captured');
	$shop->sql('INSERT INTO ir_cron (active) VALUES (false)');
	$source->archive_now;
}

my %own_code = (command => "/usr/bin/perl; %s$core/odoo-bin; -c; %c; -d; %d", configuration => undef);

subtest 'Odoo from what was captured' => sub {
	new_dir($_, 0755) for $site->path('opt'), $core, "$core/addons", "$core/odoo", "$core/odoo/addons", $custom, $site->path("upstream");
	module("$core/odoo/addons", 'base', '1.3');
	module("$core/addons", 'sale', '1.1');
	write_file("$core/odoo-bin", read_file($standin));
	write_file("$core/addons/sale/secret.sql", 'SELECT 1');
	git($core, qw(init -q -b main));
	git($core, qw(add .));
	git($core, qw(commit -q -m code));
	git($site->path('upstream'), qw(clone -q --bare), $core, 'odoo.git');
	git($core, qw(remote add origin), $site->path('upstream/odoo.git'));
	git($core, qw(fetch -q origin));
	module("$core/addons", 'sale', '1.2');
	module("$core/addons", 'crm', '1.0');
	module($custom, 'shop_custom', '17.0.2.0');
	write_file($conf, "[options]\naddons_path = $core/addons,\n\t$custom\ndb_user = odoo\ndb_password = secret\nworkers = 4\n");
	$shop->sql("UPDATE ir_module_module SET state = 'installed', latest_version = '17.0.1.0' WHERE name = 'crm'");
	$shop->sql("INSERT INTO ir_module_module VALUES ('shop_custom', 'installed', '17.0.2.0')");
	capture();
	my $record = drill($drills->plan('captured', odoo => \%own_code,
			'check login' => { type => 'http', scenario => 'builtin:odoo-login', gate => 'true' },
			'check loaded' => { type => 'log', source => 'odoo', forbid => "module [a-z_]+ from (?!$sandbox/sandbox-[0-9a-f]+/code$core/|$sandbox/sandbox-[0-9a-f]+/code$custom); WARNING" },
			'check settings' => { type => 'log', source => 'odoo', severity => 'info', forbid => 'setting addons_path' }),
		0, 'pass', 'captured code');
	is(state_of($record, 'odoo-database', 'code-present')->{message}, 'all 4 installed modules have their code in the capture', 'is all there');
	is(state_of($record, $_)->{status}, 'pass', "$_ passes") for qw(login loaded);
	like(state_of($record, 'settings')->{message}, qr{addons_path = \S+/code$core/addons,\S+/code$custom,\S+/code$core/odoo/addons$}, 'Odoo looks where it was put');
	is(scalar(grep { $_->{name} =~ m{^(?:base|sale|crm|shop_custom)/data/neutralize\.sql$} } @{ $record->{neutralization}{files} }), 4, 'what neutralizes is captured, too');
};

subtest 'what the capture lacks' => sub {
	$shop->sql("INSERT INTO ir_module_module VALUES ('lost', 'installed', '17.0.1.0')");
	$shop->sql("UPDATE ir_module_module SET latest_version = '17.0.1.10' WHERE name = 'sale'");
	capture();
	my $record = drill($drills->plan('lost', odoo => \%own_code), 4, 'fail-check', 'a module without code, and an older one');
	is(state_of($record, 'odoo-database', 'code-present')->{message}, '1 of 5 installed modules have no code in the capture: lost', 'is named');
	is_deeply([sort @{ $record->{also} }], ['fail-check', 'refused'], 'and nothing is started');
	$shop->sql("DELETE FROM ir_module_module WHERE name = 'lost'");
	capture(history => 'unpushed');
	$record = drill($drills->plan('unpushed', odoo => \%own_code), 4, 'fail-check', 'a history that is elsewhere');
	like(state_of($record, 'odoo-database', 'code-present')->{message},
		qr{^3 of 4 installed modules have no code in the capture: base, crm, sale; '$core/addons' of addons_path is not there: its history was captured without what its remote has \(origin .*upstream/odoo\.git.*revision [0-9a-f]{40}; set history=all},
		'is told, with what to do');
	git($core, qw(checkout -q addons/sale));
	capture();
	$record = drill($drills->plan('older', odoo => \%own_code), 4, 'fail-check', 'code that is older than the database');
	is(state_of($record, 'odoo-database', 'code-present')->{message},
		'the captured code of 1 modules is older than what the database was upgraded to: sale 17.0.1.1, installed 17.0.1.10', 'is named');
};

subtest 'Odoo 15' => sub {
	$shop->sql("UPDATE ir_module_module SET latest_version = '15.0.1.3' WHERE name = 'base'");
	$source->archive_now;
	my $record = drill($drills->plan('fifteen', 'check odoo-database' => { type => 'odoo-database', gate => 'true', 'code-present' => 'false' }), 0, 'pass', 'it');
	is_deeply([map { $_->{name} } @{ $record->{neutralization}{files} }], ['builtin/drill-extra-neutralize.sql'], 'has no SQL of its own that neutralizes');
	is(state_of($record, 'neutralized')->{status}, 'pass', 'and is proven neutral by the check for its version');
};

subtest 'two databases, of which one is looked at' => sub {
	my $second = Odr::Odoo->new(cluster => $source, database => 'second', filestore => $root, series => '15.0')->create->business;
	$source->psql('ALTER DATABASE second OWNER TO odoo');
	$source->psql('GRANT ALL ON ALL TABLES IN SCHEMA public TO odoo', 'second');
	$source->archive_now;
	my @quiet = ('check odoo-database' => { type => 'odoo-database', gate => 'true', 'code-present' => 'false' });
	$second->upload('a document of the second');
	$source->archive_now;
	my ($record) = $drills->run($drills->plan('uncaptured', @quiet), [], 4, 'fail-check', 'one that no capture knows');
	like(Odr::Drill::check_of($record, 'filestore', database => 'second')->{message}, qr/^1 of 1 files are missing or damaged/, 'has no files');
	$site->tool_ok(['backup', $service, '--part', 'filestore'], 'its files are captured');
	$second->sql('INSERT INTO ir_cron (active) VALUES (false)');
	$source->archive_now;
	($record) = $drills->run($drills->plan('two', @quiet), [], 0, 'pass', 'both');
	is(Odr::Drill::check_of($record, 'wrong-password', database => $_)->{status}, 'pass', "Odoo is started on $_") for qw(shop second);
	($record) = $drills->run($drills->plan('half', @quiet, 'check neutralized' => { type => 'neutralized', database => 'shop', gate => 'true' }),
		[], 3, 'incomplete', 'one of them');
	is(Odr::Drill::check_of($record, 'wrong-password', database => 'shop')->{status}, 'pass', 'Odoo is started where nothing is left');
	like(Odr::Drill::check_of($record, 'wrong-password', database => 'second')->{message},
		qr/Odoo is not started: it is not proven that the copy is neutralized/, 'and not where nobody looked');
	$drills->ok_nothing_left('two databases');
};

done_testing;
