# A load whose history is known exactly, to prove that a restore ends where it should: every row committed before the
# target is there, and no other.
#
# Several sessions work at the same time, and their transactions overlap; but each takes one lock just before it writes
# its row of odr_row and keeps it until its commit has returned. So the rows' numbers (ord) are the order of the commits:
# in the WAL, in the commit times, in what is visible. Transaction ids are not in that order. One transaction in ten
# is rolled back after it wrote its row (marked doomed): such rows may never be seen.
#
#   my $rows = Odr::Rows->new($cluster)->start;
#   my $moment = $rows->moment('before-upgrade');     # { ord, lsn, time, xid, name }: no commit falls on it
#   ...                                               # the load goes on
#   $rows->stop;                                      # remembers the whole history, the source may now be destroyed
#   $rows->ok_exactly($restored, $moment->{ord}, 'restored to the time');
package Odr::Rows;

use strict;
use warnings;

use Test::More;

use Odr::Work;

my $lock = 7150;

# Options: database (rows), clients (4), pause (most ms between a transaction's begin and its row, 20).
sub new {
	my ($class, $cluster, %option) = @_;
	my $self = bless { cluster => $cluster, database => 'rows', clients => 4, pause => 20, %option }, $class;
	$cluster->psql("CREATE DATABASE $self->{database}");
	$self->_sql(<<'SQL');
CREATE SEQUENCE odr_order;
CREATE TABLE odr_row (ord bigint PRIMARY KEY, xid xid8, client int, clock timestamptz, doomed boolean, filler text);
CREATE TABLE odr_work (client int PRIMARY KEY, counter bigint, note text);
INSERT INTO odr_work SELECT i, 0, repeat('x', 200) FROM generate_series(0, 99) i;
SQL
	return $self;
}

sub _sql { return $_[0]{cluster}->psql($_[1], $_[0]{database}) }

sub start {
	my ($self) = @_;
	my $script = <<"SQL";
\\set doom random(1, 10)
\\set pause random(0, $self->{pause})
BEGIN;
UPDATE odr_work SET counter = counter + 1, note = md5(counter::text) || repeat('y', 150) WHERE client = :client_id;
\\sleep :pause ms
SELECT pg_advisory_lock($lock);
INSERT INTO odr_row SELECT nextval('odr_order'), pg_current_xact_id(), :client_id, clock_timestamp(), :doom = 1, repeat(md5(random()::text), 8);
\\if :doom = 1
ROLLBACK;
\\else
COMMIT;
\\endif
SELECT pg_advisory_unlock($lock);
SQL
	$self->{load} = $self->{cluster}->pgbench(database => $self->{database}, clients => $self->{clients}, script => $script);
	return $self->wait_for(1);
}

# Until COUNT more rows are committed than there were.
sub wait_for {
	my ($self, $count, $timeout) = @_;
	my $goal = $self->count + $count;
	poll_until("$goal rows", sub { $self->count >= $goal }, $timeout // 60);
	return $self;
}

sub count { return $_[0]->_sql('SELECT count(*) FROM odr_row') }

# A moment between two commits, under the lock: rows up to ord are committed, all later ones are not.
# Time and LSN lie strictly between the two commits; with a name, a restore point of that name does too.
sub moment {
	my ($self, $name) = @_;
	my $point = defined $name ? "SELECT pg_create_restore_point('$name') \\g /dev/null" : '';
	my $answer = $self->_sql(<<"SQL");
SELECT pg_advisory_lock($lock) \\g /dev/null
SELECT pg_sleep(0.002) \\g /dev/null
SELECT ord, xid FROM odr_row ORDER BY ord DESC LIMIT 1;
SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00');
SELECT pg_current_wal_insert_lsn();
SELECT pg_logical_emit_message(false, 'test', 'moment') \\g /dev/null
$point
SELECT pg_sleep(0.002) \\g /dev/null
SELECT pg_advisory_unlock($lock) \\g /dev/null
SQL
	my ($ord, $xid, $time, $lsn) = $answer =~ /^(\d+)\|(\d+)\n(.+)\n(.+)$/ or die "no moment from: $answer\n";
	return { ord => $ord, xid => $xid, time => $time, lsn => $lsn, name => $name };
}

# Reads the whole history from the source: what was committed, in order.
sub remember {
	my ($self) = @_;
	$self->{history} = [$self->_read($self->{cluster})];
	return $self;
}

sub _read {
	my ($self, $cluster) = @_;
	return split /\n/, $cluster->psql(
		"SELECT ord, xid, client, clock, doomed, md5(filler) FROM odr_row ORDER BY ord", $self->{database});
}

sub stop {
	my ($self) = @_;
	$self->{load}->stop if $self->{load};
	delete $self->{load};
	return $self->remember;
}

# The greatest number that was committed.
sub last_ord { return _ord($_[0]{history}[-1]) }

sub _ord { return ($_[0] =~ /^(\d+)/)[0] }

# A test: CLUSTER holds exactly the rows committed up to ORD, with the content the source had.
sub ok_exactly {
	my ($self, $cluster, $ord, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $problem = $self->difference($cluster, $ord);
	my $ok = ok(!$problem, $name // "exactly the rows up to $ord");
	diag $problem if $problem;
	return $ok;
}

# What is wrong, as text; nothing if all is right.
sub difference {
	my ($self, $cluster, $ord) = @_;
	my @expected = grep { _ord($_) <= $ord } @{ $self->{history} // die "the history was not remembered\n" };
	@expected or return "the history has no row up to $ord";
	my @found = $self->_read($cluster);
	my %expected = map { $_ => 1 } @expected;
	my %found = map { $_ => 1 } @found;
	my @missing = grep { !$found{$_} } @expected;
	my @extra = grep { !$expected{$_} } @found;
	return if !@missing && !@extra && @found == @expected;
	return sprintf "%d rows expected up to %d, %d found; %d missing, first: %s; %d not expected, first: %s",
	  scalar @expected, $ord, scalar @found, scalar @missing, $missing[0] // '-', scalar @extra, $extra[0] // '-';
}

1;
