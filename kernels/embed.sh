#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: embed.sh FILE.. ; a C source on stdout holds the files as the table of base/embedded.h.
set -eu

echo '/* Made by kernels/embed.sh. */'
echo '#include "base/embedded.h"'
number=0
table=
for file in "$@"; do
    size=$(($(wc -c <"$file")))
    echo "static const unsigned char file_$number[] = {"
    od -An -v -tu1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
    echo '0};' # a text is a string
    table="$table    {\"${file##*/}\", file_$number, $size},
"
    number=$((number + 1))
done
echo 'const struct embedded embedded_files[] = {'
printf '%s' "$table"
echo '    {0},'
echo '};'
