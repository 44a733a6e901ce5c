# A proxy of ours in front of a real server: it makes go wrong what its rules say. tests/lib/proxy/rules.h has their language.
#
#   my $proxy = Odr::Proxy->start($ceph->endpoint);
#   $proxy->rules('GET */wal/* 2 reset-within');      # they replace those before, and counting begins anew
#   ...                                               # the tool asks $proxy->endpoint
#   my @asked = $proxy->asked;                        # since then: { method, target, fault }; fault is '-' where all was well
package Odr::Proxy;

use strict;
use warnings;

use Odr::Work;

# Options: latency (milliseconds more for every answer and new connection).
sub start {
	my ($class, $endpoint, %option) = @_;
	my ($server) = $endpoint =~ m{^http://(127\.0\.0\.1:\d+)$} or die "'$endpoint' is not on this host\n";
	my $dir = new_dir(work_path('proxy-' . ++our $count));
	my $self = bless { rules => "$dir/rules", log => write_file("$dir/log", '') }, $class;
	my $program = ($ENV{ODR_BUILD} // source_path('build/plain')) . '/tests/lib/proxy/proxy';
	my @option = map { ("--$_", $option{$_}) } sort keys %option;
	$self->{program} = start_program([$program, '--server', $server, '--rules', $self->{rules}, '--log', $self->{log}, @option],
		out => write_file("$dir/out", ''));
	$self->{port} = poll_until('the proxy listens', sub { read_file("$dir/out") =~ /^(\d+)\n/ ? $1 : undef }, 10,
		sub { read_file("$dir/out") });
	return $self;
}

sub endpoint { return "http://127.0.0.1:$_[0]{port}" }

sub rules {
	my ($self, @rules) = @_;
	write_file("$self->{rules}.new", join '', map { "$_\n" } @rules);
	rename "$self->{rules}.new", $self->{rules} or die "cannot replace the rules: $!\n";
	write_file($self->{log}, '');
	return $self;
}

sub asked {
	my ($self) = @_;
	$self->{program}->running or die 'the proxy has ended: ' . $self->{program}->_output . "\n";
	my @asked = map { my ($method, $target, $fault) = split / /; { method => $method, target => $target, fault => $fault } }
		split /\n/, read_file($self->{log});
	return grep { $_->{method} ne 'CONNECT' || $_->{fault} ne '-' } @asked;
}

# Those that met a fault.
sub met {
	my ($self) = @_;
	return grep { $_->{fault} ne '-' } $self->asked;
}

1;
