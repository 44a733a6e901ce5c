noinst_LIBRARIES += src/drill/libdrill.a
src_drill_libdrill_a_SOURCES = \
	src/drill/audit.c \
	src/drill/audit.h \
	src/drill/audit_line.c \
	src/drill/audit_line.h \
	src/drill/audit_read.c \
	src/drill/check.h \
	src/drill/check_sql.h \
	src/drill/checkpoint.c \
	src/drill/draw.c \
	src/drill/draw.h \
	src/drill/draw_inputs.c \
	src/drill/evidence.c \
	src/drill/evidence.h \
	src/drill/evidence_file.c \
	src/drill/evidence_file.h \
	src/drill/feeder.c \
	src/drill/feeder.h \
	src/drill/host.c \
	src/drill/host.h \
	src/drill/http_step.h \
	src/drill/isolation.c \
	src/drill/isolation.h \
	src/drill/outcome.c \
	src/drill/outcome.h \
	src/drill/plan.h \
	src/drill/population.c \
	src/drill/population.h \
	src/drill/record.c \
	src/drill/record.h \
	src/drill/replica.c \
	src/drill/replica.h \
	src/drill/span.c \
	src/drill/span.h \
	src/drill/sql_rows.h \
	src/drill/statistics.c \
	src/drill/statistics.h
