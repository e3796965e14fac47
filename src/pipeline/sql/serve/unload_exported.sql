-- The files of an export.
-- Reads: exported (temporary)
UNLOAD ('SELECT ${columns} FROM exported ORDER BY ${order}')
TO '${uri}'
IAM_ROLE '${role}'
${options};
