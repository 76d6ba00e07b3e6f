# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2

# cmake -DSOURCE=<project> -DLIST=<file with one path per line> -DOUT=<file.c> -P embed.cmake
# Writes the files as one C table, kp_shipped_files or, with -DTABLE=kp_other, kp_other_files. policies/voorbeeld/x becomes policies/x, a manifest of the
# stand-ins becomes sources/x, a template keeps its name.
file(STRINGS ${LIST} paths)
if(NOT TABLE)
  set(TABLE kp_shipped)
endif()
set(arrays "")
set(rows "")
set(index 0)
foreach(path IN LISTS paths)
  file(READ ${SOURCE}/${path} hex HEX)
  file(SIZE ${SOURCE}/${path} size)
  string(REGEX REPLACE "(................................)" "\\1\n\t" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(REGEX REPLACE "^policies/voorbeeld/" "policies/" name ${path})
  string(REGEX REPLACE "^tests/partners/manifests/" "sources/" name ${name})
  string(REGEX REPLACE "^gateway/shipped/templates/" "" name ${name})
  string(APPEND arrays "static const unsigned char file_${index}[] = {\n\t${hex}0x00};\n")
  string(APPEND rows "\t{\"${name}\", file_${index}, ${size}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUT} "/* Made by gateway/shipped/embed.cmake; not for editing. */
#include \"shipped/shipped.h\"

${arrays}
const struct kp_shipped_file ${TABLE}_files[] = {
${rows}};
const size_t ${TABLE}_file_count = ${index};
")
