#ifndef ODR_TESTS_OPS_RESTORE_PLAN_EXAMPLES_H
#define ODR_TESTS_OPS_RESTORE_PLAN_EXAMPLES_H

/* What a restore plans to do: sets and WAL there are, what is asked for, and what comes of it. */
#include "ops/restore/restore.h"

#include "base/error.h"

/* Segments of 16 MiB; segment n begins at n << 24. Times are seconds. */
#define SEGMENT	 (16u << 20)
#define AT(n)	 ((lsn_t)(n) << 24)
#define SEC(n)	 ((usec_t)(n)*USEC_PER_SEC)
#define FIRST	 "20260101T000100Z-00000001"
#define SECOND	 "20260101T000200Z-00000002"
#define STRANGER "20260101T000300Z-00000003"
#define MAXIMUM	 4

struct set {
	const char *id;
	uint32_t timeline;
	lsn_t start, stop;
	int stopped;
	int64_t next_xid;
	bool closed; /* the key does not open it */
};
struct range {
	uint32_t timeline;
	lsn_t start, end;
	int stored;
};
struct example {
	const char *promise;
	struct set sets[MAXIMUM];
	struct range ranges[MAXIMUM];
	const char *histories[MAXIMUM]; /* texts of timelines 2, 3, … */
	struct restore_target target;
	/* Expected: */
	const char *set; /* NULL: fails */
	uint32_t timeline;
	lsn_t end;
	int stored;
	const char *missing;
	uint64_t segments;
	const char *first, *last;
	const char *point;   /* begins so */
	const char *warning; /* one contains this; NULL: there is none */
	enum odr_error code;
	const char *message;
};

#define ONE_SET                                   \
 {                                                \
  {                                               \
   FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, 500 \
  }                                               \
 }
#define TWO_SETS                                    \
 {                                                  \
  {FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, 500}, \
  {                                                 \
   SECOND, 1, AT(6) + 0x28, AT(6) + 0x100, 120, 900 \
  }                                                 \
 }
#define WHOLE            \
 {                       \
  {                      \
   1, AT(1), AT(10), 200 \
  }                      \
 }
#define ONE_SET_WHOLE \
 ONE_SET, WHOLE,      \
 {                    \
  NULL                \
 }
#define TWO_SETS_WHOLE \
 TWO_SETS, WHOLE,      \
 {                     \
  NULL                 \
 }
/* Of a segment; digits are hex. */
#define NAME(timeline, digit)   \
 "0000000" #timeline "00000000" \
 "0000000" #digit
/* What is expected, up to point. */
#define REACHES(set, timeline, end, stored, missing, segments, first, last) \
 set, timeline, end, stored, missing, segments, first, last
#define FAILS(with, saying) .code = with, .message = saying
#define FORK_AT5	    "1\t0/5000800\tno recovery target specified\n"

static const struct example examples[] = {
	{"default/the-newest-set-and-the-end-of-the-archive",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_DEFAULT},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "the end of the archive: 0/A000000, stored 1970-01-01T00:03:20Z"},
	{"default/the-oldest-set-when-asked-for",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_DEFAULT, .set = "oldest"},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "the end"},
	{"default/a-set-by-id",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_DEFAULT, .set = FIRST},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "the end"},
	{"default/a-gap-ends-it-and-is-named",
	 ONE_SET,
	 {{1, AT(1), AT(4), 100}, {1, AT(5), AT(9), 200}},
	 {NULL},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 1, AT(4), 100, NAME(1, 4), 2, NAME(1, 2), NAME(1, 3)),
	 "the end of the archive: 0/4000000",
	 "WAL segment 000000010000000000000004 is missing while later ones are there"},
	{"default/a-newer-set-lies-behind-the-gap",
	 TWO_SETS,
	 {{1, AT(1), AT(4), 100}, {1, AT(5), AT(9), 200}},
	 {NULL},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(SECOND, 1, AT(9), 200, "", 3, NAME(1, 6), NAME(1, 8)),
	 "the end"},
	{"default/a-set-without-its-own-wal-is-passed-over",
	 TWO_SETS,
	 {{1, AT(1), AT(4), 100}},
	 {NULL},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 1, AT(4), 100, "", 2, NAME(1, 2), NAME(1, 3)),
	 "the end",
	 "set " SECOND " cannot be used: of its WAL, segment 000000010000000000000006 is missing"},
	{"default/a-closed-set-is-passed-over",
	 {{FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, 500},
	  {SECOND, 1, AT(6) + 0x28, AT(6) + 0x100, 120, 900, true}},
	 WHOLE,
	 {NULL},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "the end",
	 "set " SECOND " cannot be used: this key does not open it"},
	{"standby/follows",
	 ONE_SET_WHOLE,
	 {.type = RECOVERY_STANDBY},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "a standby that follows the archive, now at 0/A000000"},
	{"immediate/the-end-of-the-set",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_IMMEDIATE},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "the end of the set: 0/6000100, 1970-01-01T00:02:00Z"},
	{"immediate/needs-no-wal-but-its-own",
	 ONE_SET,
	 {{1, AT(2), AT(3), 61}},
	 {NULL},
	 {.type = RECOVERY_IMMEDIATE},
	 REACHES(FIRST, 1, AT(3), 61, "", 1, NAME(1, 2), NAME(1, 2)),
	 "the end of the set"},
	{"immediate/own-wal-is-missing",
	 ONE_SET,
	 {{1, AT(3), AT(9), 61}},
	 {NULL},
	 {.type = RECOVERY_IMMEDIATE},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "set " FIRST
	       " cannot be used: of its WAL, segment 000000010000000000000002 is missing")},
	{"time/the-newest-set-before-it",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_TIME, .time = SEC(119)},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "up to 1970-01-01T00:01:59Z"},
	{"time/exactly-the-end-of-a-set",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_TIME, .time = SEC(120)},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "up to 1970-01-01T00:02:00Z"},
	{"time/exclusive",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_TIME, .time = SEC(150), .exclusive = true},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "just before 1970-01-01T00:02:30Z"},
	{"time/before-the-first-set",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_TIME, .time = SEC(59)},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "no set ends before 1970-01-01T00:00:59Z: the first moment that can be reached is "
	       "1970-01-01T00:01:00Z, at 0/2000100")},
	{"time/behind-the-last-wal",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_TIME, .time = SEC(201)},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "1970-01-01T00:03:21Z lies behind the last moment that can be reached: the "
	       "archived WAL ends at 0/A000000, stored 1970-01-01T00:03:20Z")},
	{"time/behind-a-gap",
	 ONE_SET,
	 {{1, AT(1), AT(4), 100}, {1, AT(5), AT(9), 200}},
	 {NULL},
	 {.type = RECOVERY_TIME, .time = SEC(150)},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "1970-01-01T00:02:30Z cannot be reached: WAL segment 000000010000000000000004 is "
	       "missing, and the WAL before it ends at 0/4000000, stored 1970-01-01T00:01:40Z")},
	{"time/a-set-that-ends-after-it-by-id",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_TIME, .time = SEC(100), .set = SECOND},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "set " SECOND
	       " ends after the target 1970-01-01T00:01:40Z; leave --set out, or choose an "
	       "older one")},
	{"lsn/the-newest-set-before-it",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_LSN, .lsn = AT(6) + 0xff},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "up to 0/60000FF"},
	{"lsn/exactly-the-end-of-a-set",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_LSN, .lsn = AT(6) + 0x100},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "up to 0/6000100"},
	{"lsn/before-the-first-set",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_LSN, .lsn = AT(1)},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "no set ends before 0/1000000: the first moment that can be reached is "
	       "1970-01-01T00:01:00Z, at 0/2000100")},
	{"lsn/no-record-begins-at-the-end-of-the-archive",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_LSN, .lsn = AT(10)},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "0/A000000 lies behind the last moment that can be reached: the archived WAL ends "
	       "at 0/A000000, stored 1970-01-01T00:03:20Z")},
	{"lsn/the-last-byte-of-the-archive",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_LSN, .lsn = AT(10) - 1},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "up to 0/9FFFFFF"},
	{"xid/a-set-before-which-it-had-not-begun",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_XID, .xid = "899"},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "up to transaction 899"},
	{"xid/the-next-one-of-a-set",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_XID, .xid = "900"},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "up to transaction 900"},
	{"xid/before-the-first-set",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_XID, .xid = "499"},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "no set ends before transaction 499: the first moment that can be reached is "
	       "1970-01-01T00:01:00Z, at 0/2000100")},
	{"xid/of-32-bits-in-a-later-epoch",
	 {{FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, ((int64_t)1 << 32) + 500},
	  {SECOND, 1, AT(6) + 0x28, AT(6) + 0x100, 120, ((int64_t)1 << 32) + 900}},
	 WHOLE,
	 {NULL},
	 {.type = RECOVERY_XID, .xid = "700"},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "up to transaction 700"},
	{"xid/of-32-bits-just-after-the-wraparound",
	 {{FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, ((int64_t)2 << 32) - 100}},
	 WHOLE,
	 {NULL},
	 {.type = RECOVERY_XID, .xid = "20"},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "up to transaction 20"},
	{"xid/of-64-bits",
	 {{FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, ((int64_t)1 << 32) + 500}},
	 WHOLE,
	 {NULL},
	 {.type = RECOVERY_XID, .xid = "4294967796"},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "up to transaction 4294967796"},
	{"name/a-mark-tells-which-set-leads-to-it",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_NAME,
	  .name = "before-upgrade",
	  .mark_timeline = 1,
	  .lsn = AT(5),
	  .time = SEC(90)},
	 REACHES(FIRST, 1, AT(10), 200, "", 8, NAME(1, 2), NAME(1, 9)),
	 "up to mark 'before-upgrade' of 1970-01-01T00:01:30Z, at 0/5000000"},
	{"name/a-mark-that-is-not-archived",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_NAME,
	  .name = "before-upgrade",
	  .mark_timeline = 1,
	  .lsn = AT(10) + 1,
	  .time = SEC(250)},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "mark 'before-upgrade' of 1970-01-01T00:04:10Z, at 0/A000001 lies behind the last "
	       "moment that can be reached: the archived WAL ends at 0/A000000, stored "
	       "1970-01-01T00:03:20Z")},
	{"name/only-its-wal-tells",
	 TWO_SETS_WHOLE,
	 {.type = RECOVERY_NAME, .name = "before-upgrade"},
	 REACHES(SECOND, 1, AT(10), 200, "", 4, NAME(1, 6), NAME(1, 9)),
	 "up to restore point 'before-upgrade'",
	 "choose an older set with --set"},
	{"timeline/the-newest-that-descends-is-followed",
	 ONE_SET,
	 {{1, AT(1), AT(6), 100}, {2, AT(5), AT(8), 300}},
	 {FORK_AT5},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 2, AT(8), 300, "", 6, NAME(1, 2), NAME(2, 7)),
	 "the end of the archive: 0/8000000"},
	{"timeline/an-abandoned-branch-is-pointed-out",
	 ONE_SET,
	 {{1, AT(1), AT(9), 400}, {2, AT(5), AT(8), 300}},
	 {FORK_AT5},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 2, AT(8), 300, "", 6, NAME(1, 2), NAME(2, 7)),
	 "the end of the archive: 0/8000000, stored 1970-01-01T00:05:00Z",
	 "give --target-timeline 1"},
	{"timeline/the-abandoned-branch-when-asked-for",
	 ONE_SET,
	 {{1, AT(1), AT(9), 400}, {2, AT(5), AT(8), 300}},
	 {FORK_AT5},
	 {.type = RECOVERY_TIME, .time = SEC(399), .timeline = 1},
	 REACHES(FIRST, 1, AT(9), 400, "", 7, NAME(1, 2), NAME(1, 8)),
	 "up to"},
	{"timeline/stored-times-of-another-branch-count-for-nothing",
	 ONE_SET,
	 {{1, AT(1), AT(9), 400}, {2, AT(5), AT(8), 300}},
	 {FORK_AT5},
	 {.type = RECOVERY_TIME, .time = SEC(350)},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "1970-01-01T00:05:50Z lies behind the last moment that can be reached: the "
	       "archived WAL ends at 0/8000000, stored 1970-01-01T00:05:00Z. "
	       "Timeline 1, which recovery does not follow, was archived later: if it is "
	       "meant, give --target-timeline 1")},
	{"timeline/a-set-of-the-abandoned-branch-leads-nowhere-else",
	 {{FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, 500},
	  {SECOND, 1, AT(6) + 0x28, AT(6) + 0x100, 120, 900}},
	 {{1, AT(1), AT(9), 400}, {2, AT(5), AT(8), 300}},
	 {FORK_AT5},
	 {.type = RECOVERY_DEFAULT, .timeline = 2},
	 REACHES(FIRST, 2, AT(8), 300, "", 6, NAME(1, 2), NAME(2, 7)),
	 "the end",
	 "set " SECOND " lies on timeline 1, which does not lead to the timeline wanted"},
	{"timeline/unknown",
	 ONE_SET_WHOLE,
	 {.type = RECOVERY_DEFAULT, .timeline = 7},
	 FAILS(ODR_ERROR_NOT_FOUND, "the archive has no history file of timeline 7")},
	{"timeline/a-gap-before-the-switch-is-named",
	 ONE_SET,
	 {{1, AT(1), AT(4), 100}, {2, AT(5), AT(8), 300}},
	 {FORK_AT5},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 2, AT(4), 100, NAME(1, 4), 2, NAME(1, 2), NAME(1, 3)),
	 "the end of the archive: 0/4000000",
	 "WAL segment 000000010000000000000004 is missing"},
	{"timeline/three-in-a-row",
	 ONE_SET,
	 {{1, AT(1), AT(6), 100}, {2, AT(5), AT(8), 300}, {3, AT(7), AT(9), 500}},
	 {FORK_AT5, FORK_AT5 "2\t0/7000100\tbefore 2026\n"},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 3, AT(9), 500, "", 7, NAME(1, 2), NAME(3, 8)),
	 "the end"},
	{"timeline/two-branches-of-one-parent",
	 ONE_SET,
	 {{1, AT(1), AT(6), 100}, {2, AT(5), AT(8), 300}, {3, AT(4), AT(7), 500}},
	 {FORK_AT5, "1\t0/4000100\tbefore 2026\n"},
	 {.type = RECOVERY_DEFAULT},
	 REACHES(FIRST, 3, AT(7), 500, "", 5, NAME(1, 2), NAME(3, 6)),
	 "the end",
	 "timeline 2 has WAL too; recovery follows timeline 3"},
	{"refuses/no-set",
	 {{NULL}},
	 WHOLE,
	 {NULL},
	 {.type = RECOVERY_DEFAULT},
	 FAILS(ODR_ERROR_NOT_FOUND, "the repository holds no set of this service")},
	{"refuses/no-such-set",
	 ONE_SET_WHOLE,
	 {.type = RECOVERY_DEFAULT, .set = STRANGER},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "there is no set " STRANGER "; odrbackup list shows what there is")},
	{"refuses/no-set-id",
	 ONE_SET_WHOLE,
	 {.type = RECOVERY_DEFAULT, .set = "newest"},
	 FAILS(ODR_ERROR_USAGE, "'newest' is not a set id")},
	{"refuses/no-wal-at-all",
	 ONE_SET,
	 {{0}},
	 {NULL},
	 {.type = RECOVERY_DEFAULT},
	 FAILS(ODR_ERROR_NOT_FOUND,
	       "set " FIRST
	       " cannot be used: of its WAL, segment 000000010000000000000002 is missing")},
	{"refuses/only-sets-that-the-key-does-not-open",
	 {{FIRST, 1, AT(2) + 0x28, AT(2) + 0x100, 60, 500, true}},
	 WHOLE,
	 {NULL},
	 {.type = RECOVERY_TIME, .time = SEC(1)},
	 FAILS(ODR_ERROR_AUTH, "set " FIRST " cannot be used: this key does not open it")},
};

#endif
