"""Organizations, people and memberships from a file: read, previewed line by line, confirmed, written all or nothing.

- `workbook`: the child process that turns an XLSX file into lines of JSON
- `reading`: a file into numbered lines of cells, whatever its kind, encoding and delimiter
- `fields`: what each kind of import knows, and how a cell is read or refused
- `mapping`: which column holds which field
- `planning`, `organizations`, `people`, `memberships`: what a line would do
- `previewing`, `writing`: the two passes, in the background
- `verbs`: what staff do with an import

Why this is our own, and not django-import-export: that one reads the whole file into memory, shows its preview in the
same request (1 to 1.6 seconds for 2,000 rows, so half a minute for 50,000), tells no progress, and names rows by their
place in the data set and not by the line that an editor shows. Here memory does not grow with the file, both passes run
in the background, and what was previewed is planned anew, under lock, before any of it is written.
"""
