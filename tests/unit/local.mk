# tests/unit/LAYER/test_MODULE.c tests src/LAYER/MODULE.c: two lines a test, sorted. The second says
# what the test may stand on: its layer's $(LAYER_link), so that an upward call does not link.
unit_programs =

check_PROGRAMS += $(unit_programs)
TESTS += $(unit_programs)

unit-programs: $(unit_programs)
.PHONY: unit-programs
