#!/usr/bin/perl
# The way to a bucket: an authority of one's own and no other, names by SNI, no TLS below 1.2, proxies.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Front;
use Odr::Httpd;
use Odr::Site;
use Odr::Tool ();
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $credentials = $ceph->credentials(work_path('credentials'));
# Names below localhost are this host for libcurl, and buckets of 'localhost' for the gateway.
$ceph->make_bucket($_) for qw(store old legacy);
my $front = Odr::Front->new($ceph->endpoint);
$front->server('elsewhere.localhost', first => 1)->server('store.localhost')->server('old.localhost', expired => 1);
my $legacy = Odr::Front->new($ceph->endpoint);
$legacy->server('legacy.localhost', first => 1, protocols => 'TLSv1.1');
$_->start for $front, $legacy;

my %bucket = (type => 's3', path => undef, endpoint => $front->url('localhost'), bucket => 'store', 'path-style' => 'no',
	credentials => $credentials, 'ca-file' => $front->ca_file, 'retry-for' => '2s');
my $site = Odr::Site->new(sections => { 'repository main' => \%bucket })->create;
$site->cluster->psql('CREATE TABLE invoice AS SELECT generate_series(1, 10000) id');
$site->backup('a backup by an authority of our own, to a name that SNI tells');
my $copy = $site->recover('copy', '--type', 'immediate', '--target-action', 'promote');
is($copy->psql('SELECT count(*) FROM invoice'), '10000', 'and its restore');
$copy->stop('immediate');

my @ask = ('init', $site->service, '--single-recipient');
sub asks {
	my ($keys, $option) = @_;
	$site->write_conf('repository main' => { %bucket, %$keys });
	return $site->tool(@ask, $option // {});
}
sub fails {
	my ($keys, $status, $message, $name, $option) = @_;
	$site->write_conf('repository main' => { %bucket, %$keys });
	return $site->tool_fails(\@ask, $status, $message, $name, $option);
}

# Certificates.
fails({ 'ca-file' => undef }, 12, qr/store.localhost:\d+ is not who it claims to be, by the certificates of this system/, 'an authority that the system does not know');
fails({ 'ca-file' => '/etc/ssl/certs/ca-certificates.crt' }, 12, qr/is not who it claims to be, by \S*ca-certificates.crt/, 'another authority') if -e '/etc/ssl/certs/ca-certificates.crt';
fails({ 'ca-file' => work_path('nowhere') }, 12, qr/nowhere/, 'a file with authorities that is missing');
fails({ 'path-style' => 'yes' }, 12, qr/localhost:\d+ is not who it claims to be.*certificate subject name/, 'a certificate for another name');
fails({ bucket => 'old' }, 12, qr/old.localhost:\d+ is not who it claims to be.*expired/, 'a certificate that has expired');

# What the system trusts, where that is our authority: only without a file that says otherwise.
SKIP: {
	my $system = new_dir(work_path('system'), 0755);
	my $hash = run_program(['openssl', 'x509', '-noout', '-hash', '-in', $front->ca_file])->out =~ s/\s+//r;
	write_file("$system/$hash.0", read_file($front->ca_file), 0644);
	write_file("$system/ca-certificates.crt", read_file($legacy->ca_file), 0644);
	my @there = ('unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/ssl/certs && exec "$@"', $system);
	skip 'no mounts of our own here', 2 if $> != 0 || !run_program([@there, 'true'], user => 'root')->ok;
	my $ask = sub {
		$site->write_conf('repository main' => { %bucket, 'ca-file' => $_[0] });
		return run_program([@there, as_user(user_name(), Odr::Tool::tool_path(), '-c', $site->conf, @ask)], user => 'root');
	};
	my $trusting = $ask->(undef);
	ok($trusting->ok, 'an authority in the folder of the system') or diag($trusting->err);
	is($ask->($legacy->ca_file)->status, 12, 'counts no more where another one is named');
}

# Versions: also where the system would allow older ones.
my $lax = write_file(work_path('openssl.cnf'), <<'CONF', 0644);
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
CONF
my %lax = (env => { OPENSSL_CONF => $lax });
my $old = run_program(['curl', '-s', '--tlsv1.0', '--tls-max', '1.1', '--cacert', $legacy->ca_file, '-o', '/dev/null', $legacy->url('legacy.localhost')], %lax);
ok($old->ok, 'a server that knows no TLS above 1.1') or diag($old->status);
fails({ endpoint => $legacy->url('localhost'), bucket => 'legacy', 'ca-file' => $legacy->ca_file }, 75, qr/(?:protocol version|unsupported protocol)/i,
	'is not talked to', \%lax);

# Proxies.
my ($open, $shut, $asking, $broken) = ($front->proxy, map { $front->proxy(refuse => $_) } 403, 407, 502);
my ($port) = $front->url('') =~ /(\d+)$/;
my %by_open = (env => { https_proxy => $open->url });
ok(asks({}, \%by_open)->ok, 'by a proxy of the environment');
ok(grep({ /^CONNECT store.localhost:$port / } $open->asked), 'which is asked for the bucket by its name');
my $times = $open->asked;
ok(asks({}, { env => { https_proxy => $open->url, no_proxy => '.localhost' } })->ok, 'by none for names that need none');
ok(asks({ proxy => 'none' }, \%by_open)->ok, 'by none where the settings say so');
is(scalar $open->asked, $times, 'and it is not asked again');
ok(asks({ proxy => $open->url }, { env => { https_proxy => $shut->url, no_proxy => '*' } })->ok, 'by that of the settings, whatever the environment says');
cmp_ok(scalar $open->asked, '>', $times, 'which is asked');
fails({ proxy => $shut->url }, 6, qr/the proxy does not let this through: HTTP 403/, 'a proxy that forbids it');
fails({ proxy => $asking->url }, 12, qr/the proxy does not let this through: HTTP 407/, 'a proxy that wants to know who we are');
fails({ proxy => $broken->url }, 75, qr/the proxy does not let this through: HTTP 502/, 'a proxy that finds nobody');
fails({ proxy => 'http://127.0.0.1:1' }, 10, qr/127\.0\.0\.1 port 1/, 'a proxy that is not there');
fails({ proxy => 'proxy.example.com:3128' }, 2, qr/proxy: 'proxy.example.com:3128' is no URL/, 'a proxy without http://');
like(asks({ proxy => $open->url, bucket => 'old' })->err, qr/old.localhost:\d+ is not who it claims to be.*expired/, 'through a proxy, certificates are looked at all the same');

# What hands out keys is asked by no proxy.
my $metadata = Odr::Httpd->start('metadata', sub { return (403, '') });
fails({ credentials => undef, 'credentials-from' => 'instance', 'credentials-endpoint' => $metadata->url, proxy => $shut->url }, 12,
	qr/the metadata service of this instance is switched off/, 'the metadata service', { env => { http_proxy => $shut->url, https_proxy => $shut->url } });
ok(scalar $metadata->requests, 'which is asked itself');

done_testing();
