-- The columns of an export, of the types that come out of UNLOAD well in its format.
-- Creates: exported (temporary)
CREATE TEMP TABLE exported (
    ${columns}
);
