#!/bin/sh
# Brings the TypeScript sources of packages that ship them into a folder: what people write, for the completeness and speed
# of the grammar. Versions are exact, so that figures can be compared.
#
#   tools/typescript-sources.sh [FOLDER]        (default: target/typescript-sources, which git ignores)
#
# Declaration files (.d.ts) are left out. Needs npm and tar.
set -eu
folder=${1:-target/typescript-sources}
mkdir -p "$folder"
cd "$folder"
for package in rxjs@7.8.2 zod@4.6.7 immer@11.2.10 @reduxjs/toolkit@2.14.0 @tanstack/query-core@5.108.0 \
    @tanstack/table-core@9.3.1 ts-pattern@5.9.2
do
    name=$(printf %s "$package" | sed 's/^@//; s/@.*//; s,/,-,g')
    [ -d "$name" ] && continue
    archive=$(npm pack --silent "$package" | tail -n 1)
    mkdir "$name.new"
    tar -xzf "$archive" -C "$name.new"
    rm "$archive"
    find "$name.new" -type f \( ! -name '*.ts' -o -name '*.d.ts' \) -delete
    find "$name.new" -depth -type d -empty -delete
    [ -d "$name.new" ] && mv "$name.new" "$name"
done
find . -name '*.ts' -type f | wc -l
