# What stands before a store in many networks: a TLS front (nginx) with certificates of an authority of the test's own,
# and a proxy through which connections go.
#
#   my $front = Odr::Front->new($ceph->endpoint);
#   $front->server('store.localhost');                        # a certificate for that name, by a sub-authority
#   $front->server('old.localhost', expired => 1);
#   $front->server('legacy.localhost', protocols => 'TLSv1.1');
#   $front->start;
#   $front->url('store.localhost'); $front->ca_file;
#   my $proxy = $front->proxy;                                # answers CONNECT; ->url ->asked; refuse => 403
package Odr::Front;

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use POSIX ();

use Odr::Work;

sub new {
	my ($class, $behind) = @_;
	my $number = ++our $count;
	my $dir = new_dir(work_path("front-$number"), 0711);
	my $self = bless { dir => $dir, number => $number, behind => $behind, servers => [], port => _free_port() }, $class;
	$self->_authority('root', undef);
	$self->_authority('sub', 'root');
	return $self;
}

# Below those that connections get: none of them takes it before the front does.
sub _free_port {
	for (1 .. 50) {
		my $port = 12000 + int rand 8000;
		return $port if IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port);
	}
	die "no free port\n";
}

sub _openssl {
	my ($self, @arguments) = @_;
	my $program = run_program(['openssl', @arguments], user => 'root', cwd => $self->{dir});
	$program->ok or die "openssl @arguments: " . $program->err;
}

sub _certify {
	my ($self, $name, $issuer, $extensions, @span) = @_;
	write_file("$self->{dir}/$name.ext", $extensions);
	$self->_openssl(qw(req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj), "/CN=$name of $self->{number}", '-keyout', "$name.key", '-out', "$name.req");
	if (defined $issuer) {
		$self->_openssl(qw(x509 -req -in), "$name.req", '-CA', "$issuer.pem", '-CAkey', "$issuer.key", '-CAcreateserial',
			'-extfile', "$name.ext", '-out', "$name.pem", @span ? @span : (-days => 2));
	} else {
		$self->_openssl(qw(x509 -req -in), "$name.req", '-signkey', "$name.key", '-extfile', "$name.ext", '-out', "$name.pem", -days => 2);
	}
}

sub _authority {
	my ($self, $name, $issuer) = @_;
	$self->_certify($name, $issuer, "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n");
}

sub ca_file { return "$_[0]{dir}/root.pem" }
sub url { return "https://$_[1]:$_[0]{port}" }

# Options: expired, protocols (TLSv1.2 TLSv1.3), first (also for names that nobody knows).
sub server {
	my ($self, $name, %option) = @_;
	$self->_certify($name, 'sub', "subjectAltName=DNS:$name\n", $option{expired} ? (-days => -1) : ());
	write_file("$self->{dir}/$name.chain", read_file("$self->{dir}/$name.pem") . read_file("$self->{dir}/sub.pem"));
	my $port = $option{port} // $self->{port};
	my $protocols = $option{protocols} // 'TLSv1.2 TLSv1.3';
	my $default = $option{first} ? ' default_server' : '';
	push @{ $self->{servers} }, <<"CONF";
server {
	listen 127.0.0.1:$port ssl$default;
	server_name $name;
	ssl_certificate $self->{dir}/$name.chain;
	ssl_certificate_key $self->{dir}/$name.key;
	ssl_protocols $protocols;
	ssl_ciphers ALL:\@SECLEVEL=0;
	location / { proxy_pass $self->{behind}; }
}
CONF
	return $self;
}

sub start {
	my ($self) = @_;
	my $dir = $self->{dir};
	my $conf = write_file("$dir/nginx.conf", <<"CONF");
daemon off;
pid $dir/pid;
error_log $dir/error.log;
events {}
http {
	access_log off;
	client_body_temp_path $dir/body;
	proxy_temp_path $dir/proxy;
	fastcgi_temp_path $dir/fastcgi;
	uwsgi_temp_path $dir/uwsgi;
	scgi_temp_path $dir/scgi;
	client_max_body_size 0;
	proxy_request_buffering off;
	proxy_http_version 1.1;
	proxy_set_header Host \$http_host;
	@{ $self->{servers} }
}
CONF
	chmod 0711, $dir;
	Odr::Work::give(glob "$dir/*");
	$self->{program} = start_program(['nginx', '-c', $conf, '-p', $dir, '-e', "$dir/error.log"]);
	Odr::Work::at_end(sub { $self->{program}->kill_all });
	poll_until('the front listens', sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) }, 20,
		sub { read_file("$dir/error.log") });
	return $self;
}

# A proxy for connections: every name is this host. Options: refuse (a status).
sub proxy {
	my ($self, %option) = @_;
	my $socket = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', LocalPort => 0) or die "cannot listen: $!\n";
	my $proxy = bless { port => $socket->sockport, log => write_file("$self->{dir}/proxy." . $socket->sockport, '', 0600) }, 'Odr::Front::Proxy';
	my $pid = fork // die "cannot fork: $!\n";
	if ($pid == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM);
		$SIG{$_} = 'IGNORE' for qw(PIPE CHLD);
		while (1) {
			my $client = $socket->accept or next;
			$proxy->_serve($client, $option{refuse}) if !fork;
			close $client;
		}
	}
	Odr::Work::at_end(sub { kill 'KILL', $pid; waitpid $pid, 0 });
	return $proxy;
}

package Odr::Front::Proxy;

sub url { return "http://127.0.0.1:$_[0]{port}" }
sub asked { return split /\n/, Odr::Work::read_file($_[0]{log}) }

sub _serve {
	my ($self, $client, $refuse) = @_;
	my $request = '';
	while ($request !~ /\r\n\r\n/) {
		sysread $client, $request, 4096, length $request or POSIX::_exit(0);
	}
	my ($line) = $request =~ /^([^\r]*)/;
	Odr::Work::append_file($self->{log}, "$line\n");
	my ($port) = $line =~ m{^CONNECT [^:]+:(\d+) };
	my $server = !$refuse && $port && IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
	syswrite $client, $server ? "HTTP/1.1 200 Connected\r\n\r\n" : sprintf("HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n", $refuse // 502);
	POSIX::_exit(0) if !$server;
	my $both = IO::Select->new($client, $server);
	while (1) {
		for my $from ($both->can_read) {
			my $to = $from == $client ? $server : $client;
			sysread $from, my $bytes, 65536 or POSIX::_exit(0);
			for (my $sent = 0; $sent < length $bytes;) {
				$sent += syswrite($to, $bytes, length($bytes) - $sent, $sent) // POSIX::_exit(0);
			}
		}
	}
}

1;
