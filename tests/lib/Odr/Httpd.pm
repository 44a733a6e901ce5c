# A small HTTP server of a test's own, for services that no machine of ours has: it answers as CODE says, one request
# after another, and writes down what it was asked.
#
#   my $service = Odr::Httpd->start('metadata', sub { my ($request) = @_; return (200, 'text', Date => '...') });
#   $service->url;                       # http://127.0.0.1:PORT
#   my @asked = $service->requests;      # { method, path, headers (lower-case names), body }
#
# CODE runs in a process of its own: what it keeps, it keeps from request to request, and the test does not see it.
package Odr::Httpd;

use strict;
use warnings;

use IO::Socket::INET ();
use JSON::PP ();

use Odr::Work;

my $json = JSON::PP->new->canonical;

sub start {
	my ($class, $name, $code) = @_;
	my $socket = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', LocalPort => 0) or die "cannot listen: $!\n";
	my $self = bless { name => $name, port => $socket->sockport, log => write_file(work_path("$name.requests"), '', 0600) }, $class;
	$self->{pid} = fork // die "cannot fork: $!\n";
	if ($self->{pid} == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM);
		$SIG{PIPE} = 'IGNORE';
		$self->_serve($socket, $code);
	}
	Odr::Work::at_end(sub { kill 'KILL', $self->{pid}; waitpid $self->{pid}, 0 });
	return $self;
}

sub url { return "http://127.0.0.1:$_[0]{port}" }

sub requests {
	my ($self) = @_;
	return map { $json->decode($_) } split /\n/, read_file($self->{log});
}

sub _serve {
	my ($self, $socket, $code) = @_;
	while (1) {
		my $connection = $socket->accept or next;
		my $request = _read($connection) or next;
		append_file($self->{log}, $json->encode($request) . "\n");
		my ($status, $body, %header) = $code->($request);
		print $connection "HTTP/1.1 $status Answer\r\n", (map { "$_: $header{$_}\r\n" } sort keys %header),
			'Content-Length: ', length $body, "\r\nConnection: close\r\n\r\n", $request->{method} eq 'HEAD' ? '' : $body;
		close $connection;
	}
}

sub _read {
	my ($connection) = @_;
	my ($method, $path) = (<$connection> // '') =~ m{^(\S+) (\S+) HTTP/} or return;
	my %header;
	while (defined(my $line = <$connection>)) {
		last if $line =~ /^\r?\n$/;
		$header{ lc $1 } = $2 if $line =~ /^([^:]+):\s*(.*?)\r?\n$/;
	}
	my $body = '';
	read $connection, $body, $header{'content-length'} if $header{'content-length'};
	return { method => $method, path => $path, headers => \%header, body => $body };
}

1;
