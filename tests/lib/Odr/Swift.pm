# A real OpenStack Swift with its S3 face for one test: the server that takes locks and holds none. The client is that
# of Odr::Ceph.
#
#   my $swift = Odr::Swift->start;
#   $swift->make_bucket('kept', versions => 1);
package Odr::Swift;

use strict;
use warnings;

use Odr::Ceph;
use Odr::Work;

our @ISA = ('Odr::Ceph');

sub _at {
	my ($class, $base) = @_;
	return bless { lab => new_dir(work_path('swift-' . ++our $count)), access => 'test:tester', secret => 'testsecret',
		env => { S3_PORT => $base, BASE_PORT => $base + 100 } }, $class;
}

# As root: the packages keep /etc/swift from everybody else.
sub _run {
	my ($self, $what) = @_;
	my $program = run_program([source_path("tests/lib/swift/$what"), $self->{lab}], user => 'root', env => $self->{env}, timeout => 120);
	$program->ok or die "swift/$what failed: " . $program->status . "\n" . $program->out . $program->err;
	return $self;
}

1;
