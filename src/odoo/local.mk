noinst_LIBRARIES += src/odoo/libodoo.a
src_odoo_libodoo_a_SOURCES = \
	src/odoo/attachments.c \
	src/odoo/attachments.h \
	src/odoo/conf.c \
	src/odoo/conf.h \
	src/odoo/database.c \
	src/odoo/database.h \
	src/odoo/expected.c \
	src/odoo/expected.h \
	src/odoo/fence.c \
	src/odoo/fence.h \
	src/odoo/module.c \
	src/odoo/module.h \
	src/odoo/names.c \
	src/odoo/names.h
