#!/usr/bin/perl
# Access by the role of a pod, an instance, a container: sessions of a real STS, renewed when they end; nothing secret is told.
use strict;
use warnings;
use lib 'tests/lib';

use JSON::PP ();
use POSIX ();
use Test::More;

use Odr::Ceph;
use Odr::Httpd;
use Odr::Identity;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start(sts => 1);
my $bucket = $ceph->make_bucket('roles', versions => 1);
my $identity = Odr::Identity->new($ceph);
my $token_file = write_file(work_path('token'), $identity->token, 0600);

sub repository {
	my (%more) = @_;
	return { 'repository main' => { type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => $bucket,
			'retry-for' => '30s', 'silence-timeout' => '30s', %more } };
}

my %pod = ('credentials-from' => 'web-identity', 'credentials-endpoint' => $ceph->endpoint);
my $site = Odr::Site->new(sections => repository(%pod, 'role-arn' => $identity->role, 'token-file' => $token_file))->create;
$site->cluster->psql('CREATE TABLE bulk AS SELECT id, md5(id::text) || md5((-id)::text) AS text FROM generate_series(1, 600000) id');

# A pod.
$site->backup('a backup by a web identity');
$site->cluster->archive_now;
my $copy = $site->recover('copy', '--type', 'immediate', '--target-action', 'promote');
is($copy->psql('SELECT count(*) FROM bulk'), '600000', 'what a role stored, it restores');
$copy->stop('immediate');

my @ask = ('init', $site->service, '--single-recipient');
my %environment = (AWS_ROLE_ARN => $identity->role, AWS_WEB_IDENTITY_TOKEN_FILE => $token_file, AWS_ROLE_SESSION_NAME => 'erp');
my $use = sub { $site->{sections} = repository(@_); $site->write_conf };
$use->(%pod);
$site->tool_ok(\@ask, 'role and token of the environment', { env => \%environment });
$site->tool_fails(\@ask, 12, 'cannot read the credentials: there is no web identity: neither role-arn= is set nor AWS_ROLE_ARN',
	'an environment without a role is told');
write_file(work_path('foreign'), $identity->token(aud => 'somebody-else'), 0600);
my $denied = $site->tool_fails(\@ask, 12, qr/no keys of role \S+ for the token of '\S+foreign': http\S+: HTTP 403 AccessDenied/,
	'a token for somebody else opens nothing', { env => { %environment, AWS_WEB_IDENTITY_TOKEN_FILE => work_path('foreign') } });

# Keys of the environment are not looked at, whatever the settings are.
my %stray = (AWS_ACCESS_KEY_ID => $ceph->{access}, AWS_SECRET_ACCESS_KEY => $ceph->{secret});
$site->tool_fails(\@ask, 12, 'there is no web identity', 'access keys of the environment are not used', { env => \%stray });

# An instance, whose sessions end within seconds.
my $sessions = write_file(work_path('sessions'), '', 0600);
my $metadata = Odr::Httpd->start('metadata', sub {
		my ($request) = @_;
		my $roles = '/latest/meta-data/iam/security-credentials/';
		return (200, 'token-of-version-2') if "$request->{method} $request->{path}" eq 'PUT /latest/api/token';
		return (401, '') unless ($request->{headers}{'x-aws-ec2-metadata-token'} // '') eq 'token-of-version-2';
		return (200, 'writer') if $request->{path} eq $roles;
		my $session = $identity->session(10);
		append_file($sessions, JSON::PP::encode_json($session) . "\n");
		return (200, JSON::PP::encode_json({ Code => 'Success', AccessKeyId => $session->{access}, SecretAccessKey => $session->{secret},
				Token => $session->{token}, Expiration => $session->{expiration} }));
	});
my $issued = sub { map { JSON::PP::decode_json($_) } split /\n/, read_file($sessions) };
# What is moved takes seconds by that.
$use->('credentials-from' => 'instance', 'credentials-endpoint' => $metadata->url, 'bandwidth-up' => '4MiB');

# What others on this host can see of the tool while it runs.
sub exposed {
	my ($leader) = @_;
	my %seen;
	for my $proc (glob '/proc/[0-9]*') {
		my ($group) = (eval { read_file("$proc/stat") } // '') =~ /^\d+ \(.*\) \S \d+ (\d+) /s or next;
		next if $group != $leader;
		$seen{text} .= join "\n", map { eval { read_file("$proc/$_") } // '' } qw(cmdline environ);
		$seen{open}++ if (stat "$proc/mem")[4] != 0;
		$seen{count}++;
	}
	return \%seen;
}

my $stored = $ceph->versions($bucket, '');
my $running = $site->tool_start('-v', $site->backup_arguments, '--jobs', '4');
poll_until('it stores', sub { $ceph->versions($bucket, '') > $stored + 1 || !$running->running }, 30);
$ceph->pause_gateway;
ok($running->running, 'the store falls silent in the middle of a backup');
my $seen = exposed($running->pid);
my ($first) = $issued->();
poll_until('the session has ended', sub { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 1)) gt $first->{expiration} }, 30);
$ceph->resume_gateway;
my $backup = $running->wait(120);
ok($backup->ok, 'a backup outlives its session') or diag($backup->describe);
cmp_ok(scalar $issued->(), '>=', 2, 'with keys of another one');
my $late = $ceph->request('GET', "/$bucket", %$first);
is($late->{status}, 403, 'the first session has really ended');

SKIP: {
	skip 'only root sees whose the memory of a process is', 1 if $> != 0;
	ok($seen->{count} && !$seen->{open}, 'no other process of its user can read its memory, and it leaves no core');
}

# A container.
my $service = Odr::Httpd->start('container', sub {
		my ($request) = @_;
		return (403, '{"message":"no"}') unless ($request->{headers}{authorization} // '') eq 'token-of-the-task';
		my $session = $identity->session(900);
		append_file($sessions, JSON::PP::encode_json($session) . "\n");
		return (200, JSON::PP::encode_json({ AccessKeyId => $session->{access}, SecretAccessKey => $session->{secret},
				Token => $session->{token}, Expiration => $session->{expiration} }));
	});
my %task = (AWS_CONTAINER_CREDENTIALS_FULL_URI => $service->url . '/secret-path', AWS_CONTAINER_AUTHORIZATION_TOKEN => 'token-of-the-task');
$use->('credentials-from' => 'container');
$site->tool_ok(['-v', @ask], 'the service of a container', { env => \%task });
$site->tool_fails(\@ask, 12, qr/^(?!.*secret-path).*http:\S+: HTTP 403/, 'without its token it gives nothing',
	{ env => { %task, AWS_CONTAINER_AUTHORIZATION_TOKEN => 'another' } });
$site->tool_fails(\@ask, 12, qr/leads by plain http to 'example.com', which is neither this host/, 'a service elsewhere is not asked',
	{ env => { %task, AWS_CONTAINER_CREDENTIALS_FULL_URI => 'http://example.com/keys' } });

# A session in a file, as a credential from systemd, and as a program prints it.
my $session = $identity->session(900);
append_file($sessions, JSON::PP::encode_json($session) . "\n");
my $given = new_dir(work_path('given'), 0700);
write_file("$given/offsite", "[default]\naws_access_key_id=$session->{access}\naws_secret_access_key=$session->{secret}\n"
	. "aws_session_token=$session->{token}\n", 0600);
my %printed = (Version => 1, AccessKeyId => $session->{access}, SecretAccessKey => $session->{secret}, SessionToken => $session->{token},
	Expiration => $session->{expiration});
write_file("$given/printed", JSON::PP::encode_json(\%printed), 0600);
write_file("$given/half", JSON::PP::encode_json({ %printed, SecretAccessKey => undef }), 0600);
my @named;
my $named = sub {
	my ($keys, $status, $message, $name, $option) = @_;
	$use->(%$keys);
	push @named, $status ? $site->tool_fails(\@ask, $status, $message, $name, $option) : $site->tool_ok(\@ask, $name, $option);
};
$named->({ credentials => "$given/offsite" }, 0, undef, 'a session in a file');
$named->({ credentials => 'offsite' }, 0, undef, 'a credential from systemd', { env => { CREDENTIALS_DIRECTORY => $given } });
$named->({ credentials => 'offsite' }, 12, qr/there is no systemd credential 'offsite'; give it by LoadCredential=/, 'which is not there');
$named->({ 'credential-process' => "/bin/cat $given/printed" }, 0, undef, 'what a program prints');
$named->({ 'credential-process' => '/bin/false' }, 12, qr/'\/bin\/false' ended with status 1/, 'a program that fails');
$named->({ 'credential-process' => "/bin/cat $given/half" }, 12, qr/cannot read the credentials: .*SecretAccessKey/, 'a program that prints half of it');
$named->({ 'credential-process' => work_path('no-program') }, 12, qr/no-program/, 'a program that is not there');

# Whatever was secret stands nowhere: in no output, no process, no log, no file of the site.
my @secrets = ($ceph->{secret}, read_file($token_file), read_file(work_path('foreign')), 'token-of-version-2',
	map { @$_{qw(secret token)} } $issued->());
my %place = ('output of the tool' => join('', map { $_->out, $_->err } $denied, $backup, @named), 'processes' => $seen->{text},
	'log of PostgreSQL' => $site->cluster->log);
my $find = run_program(['find', $site->path, '-type', 'f', '-not', '-path', '*/copy/*'], user => 'root');
$place{$_} = read_file($_) for split /\n/, $find->out;
cmp_ok(scalar keys %place, '>', 8, 'there is something to look at');
my @told = grep { my $name = $_; grep { index($place{$name}, $_) >= 0 } @secrets } sort keys %place;
is("@told", '', 'nothing secret stands in output, processes, logs and files');

done_testing();
