-- Each case: a name after `-- case:`, a query, and after `-->` the rows that it gives, as Python writes them.
-- The table cat."Few Rows" has a = 1, 2, 3, NULL; b = 10, 20, 20, 40; t = 'one#uno', 'Two#dos', 'three 3', NULL.

-- case: integers divide as integers, decimals do not
SELECT TOP 1 5/2, -7/2, 5/2., 5.0/2, 1./4, a/2.0 FROM cat."Few Rows" WHERE a = 1
--> (2, -3, 2.5, 2.5, 0.25, 0.5)

-- case: operators bind as in arithmetic
SELECT 2+3*4, (2+3)*4, 2-3-4, 2-(3-4), 16/4/2, 16/(4/2), -a+1, 1--1
+ 2, +a FROM cat."Few Rows" WHERE a = 2
--> (14, 20, -5, 3, 2, 8, -1, 3, 2)

-- case: minus minus in one line is a comment
SELECT 7 --1
FROM cat."Few Rows" WHERE a = 2
--> (7,)

-- case: parenthesised negative constants keep their signs
SELECT 1-(-1), -(-a), 2*(-3), -(-(2)) FROM cat."Few Rows" WHERE a = 2
--> (2, 2, -6, 2)

-- case: functions of numbers
SELECT ABS(-3), CEILING(1.2), FLOOR(-1.2), MOD(7, 4), MOD(-7, 4), POWER(2, 10), SQRT(16), EXP(0), LOG(1), LOG10(1000)
FROM cat."Few Rows" WHERE a = 1
--> (3, 2.0, -2.0, 3, -3, 1024.0, 4.0, 1.0, 0.0, 3.0)

-- case: rounding and truncating, also to the left of the point
SELECT ROUND(1234.567, 1), ROUND(1234.567, -2), ROUND(2.4), TRUNCATE(-1234.567, 1), TRUNCATE(1999.9, -3), TRUNCATE(2.9)
FROM cat."Few Rows" WHERE a = 1
--> (1234.6, 1200.0, 2.0, -1234.5, 1000.0, 2.0)

-- case: angles
SELECT ROUND(DEGREES(PI()), 9), ROUND(SIN(RADIANS(30)), 12), ROUND(DEGREES(ATAN2(1, -1)), 9), ROUND(COT(PI()/4), 12)
FROM cat."Few Rows" WHERE a = 1
--> (180.0, 0.5, 135.0, 1.0)

-- case: texts side by side, doubled quotes, and joined texts
SELECT 'it''s', 'a' 'b', 'a' || 'b' || t, '--no comment' FROM cat."Few Rows" WHERE a = 1
--> ("it's", 'ab', 'abone#uno', '--no comment')

-- case: upper and lower case
SELECT LOWER(t), UPPER(t) FROM cat."Few Rows" WHERE t ILIKE 'TWO%'
--> ('two#dos', 'TWO#DOS')

-- case: LIKE minds case, NOT LIKE skips missing values
SELECT a FROM cat."Few Rows" WHERE t LIKE 't%' OR t NOT LIKE '%o%' ORDER BY a
--> (3,)

-- case: missing values
SELECT b FROM cat."Few Rows" WHERE a IS NULL AND t IS NULL AND b IS NOT NULL
--> (40,)

-- case: COALESCE takes the first that is there
SELECT COALESCE(a, b, 0), COALESCE(t, 'none') FROM cat."Few Rows" ORDER BY 1 DESC
--> (40, 'none')
--> (3, 'three 3')
--> (2, 'Two#dos')
--> (1, 'one#uno')

-- case: BETWEEN, IN and their negations
SELECT a FROM cat."Few Rows" WHERE a BETWEEN 2 AND 3 AND a NOT IN (3, 4) AND b IN (10, 20) AND NOT (a = 1)
--> (2,)

-- case: IN a query, and a query that looks outside
SELECT a FROM cat."Few Rows" AS f
WHERE a IN (SELECT id FROM cat.objects WHERE id < 3)
  AND EXISTS (SELECT * FROM cat.spectra AS s WHERE s.id = f.a AND s.survey = 'VVDS') ORDER BY a
--> (2,)

-- case: grouping, HAVING, and order by an aggregate
SELECT b, COUNT(*) AS n, SUM(a), AVG(a), MIN(t) FROM cat."Few Rows" GROUP BY b HAVING COUNT(a) > 0 ORDER BY COUNT(*) DESC, b
--> (20, 2, 5, 2.5, 'Two#dos')
--> (10, 1, 1, 1.0, 'one#uno')

-- case: grouping by an expression, a position and an alias
SELECT b/20 AS h, b/20 + 1, COUNT(*) FROM cat."Few Rows" GROUP BY b/20 ORDER BY h
--> (0, 1, 1)
--> (1, 2, 2)
--> (2, 3, 1)

-- case: aggregates of nothing
SELECT COUNT(*), COUNT(DISTINCT b), SUM(a), MAX(t) FROM cat."Few Rows" WHERE b > 100
--> (0, 0, None, None)

-- case: DISTINCT
SELECT DISTINCT b FROM cat."Few Rows" ORDER BY b DESC
--> (40,)
--> (20,)
--> (10,)

-- case: OFFSET comes before TOP, after ORDER BY
SELECT TOP 2 b FROM cat."Few Rows" ORDER BY b, a OFFSET 1
--> (20,)
--> (20,)

-- case: TOP 0 gives no row
SELECT TOP 0 * FROM cat."Few Rows"

-- case: order by what is not selected
SELECT a FROM cat."Few Rows" WHERE a > 0 ORDER BY -a
--> (3,)
--> (2,)
--> (1,)

-- case: an alias hides the column in ORDER BY
SELECT -a AS a FROM cat."Few Rows" WHERE a > 0 ORDER BY a
--> (-3,)
--> (-2,)
--> (-1,)

-- case: set operations, of which INTERSECT binds first
SELECT a FROM cat."Few Rows" WHERE a = 1
UNION SELECT a FROM cat."Few Rows" WHERE a < 3 INTERSECT SELECT a FROM cat."Few Rows" WHERE a > 1 ORDER BY a
--> (1,)
--> (2,)

-- case: UNION ALL keeps duplicates, EXCEPT takes away
SELECT b FROM cat."Few Rows" UNION ALL (SELECT b FROM cat."Few Rows" EXCEPT SELECT 20 AS b FROM cat.objects) ORDER BY 1
--> (10,)
--> (10,)
--> (20,)
--> (20,)
--> (40,)
--> (40,)

-- case: TOP in a branch of a UNION is that branch's alone
SELECT TOP 1 b FROM cat."Few Rows" WHERE b = 20 UNION ALL SELECT b FROM cat."Few Rows" WHERE b >= 20 ORDER BY b
--> (20,)
--> (20,)
--> (20,)
--> (40,)

-- case: ordering and offset around parentheses
(SELECT TOP 3 b FROM cat."Few Rows" ORDER BY b DESC, a) ORDER BY b OFFSET 2
--> (40,)

-- case: WITH, of which the later reads the earlier
WITH one AS (SELECT a, b FROM cat."Few Rows" WHERE a IS NOT NULL), "Two" AS (SELECT a + 1 AS c FROM one)
SELECT o.a, t.c FROM one o JOIN "Two" AS t ON o.a = t.c ORDER BY o.a
--> (2, 2)
--> (3, 3)

-- case: a query in FROM, with two columns of one name
SELECT q.a, q.a_2 FROM (SELECT x.a, y.a AS a_2 FROM cat."Few Rows" x JOIN cat."Few Rows" y ON x.a = y.a - 1) AS q ORDER BY q.a
--> (1, 2)
--> (2, 3)

-- case: joins of every kind
SELECT COUNT(*), COUNT(l.a), COUNT(r.a) FROM cat."Few Rows" l FULL OUTER JOIN cat."Few Rows" r ON l.a = r.a + 1
--> (6, 3, 3)

-- case: a right join by USING gives the right side's values
SELECT a, COUNT(*) FROM (SELECT a FROM cat."Few Rows" WHERE a = 1) l RIGHT JOIN (SELECT a FROM cat."Few Rows") r USING (a)
GROUP BY a ORDER BY a
--> (1, 1)
--> (2, 1)
--> (3, 1)
--> (None, 1)

-- case: a full join by USING gives either side's values
SELECT a FROM (SELECT a FROM cat."Few Rows" WHERE a < 3) l FULL JOIN (SELECT a FROM cat."Few Rows" WHERE a > 1) r USING (a)
ORDER BY a
--> (1,)
--> (2,)
--> (3,)

-- case: a natural join is on all common columns
SELECT COUNT(*) FROM cat."Few Rows" NATURAL JOIN (SELECT a, b FROM cat."Few Rows") AS q
--> (3,)

-- case: joins nest as written
SELECT COUNT(*) FROM cat."Few Rows" x LEFT JOIN (cat."Few Rows" y JOIN cat."Few Rows" z ON y.a = z.a) ON x.a = y.a
--> (4,)

-- case: joins without parentheses may nest to the right
SELECT COUNT(*) FROM cat."Few Rows" x LEFT JOIN cat."Few Rows" y JOIN cat."Few Rows" z ON y.a = z.a ON x.a = y.a
--> (4,)

-- case: a comma binds less than a join
SELECT COUNT(*) FROM cat."Few Rows" x, cat."Few Rows" y JOIN cat."Few Rows" z ON y.a = z.a
--> (12,)

-- case: CAST
SELECT CAST(a AS VARCHAR), CAST('12' AS INTEGER) + 1, CAST(a AS DOUBLE PRECISION) / 2, CAST('abcdef' AS CHAR(3)), CAST(b AS SMALLINT)
FROM cat."Few Rows" WHERE a = 1
--> ('1', 13, 0.5, 'abc', 10)

-- case: times compare with texts
SELECT COUNT(*) FROM cat."Few Rows" WHERE CAST('2020-02-29T12:00:00' AS TIMESTAMP) > '2020-02-29'
--> (4,)

-- case: units by a constant factor
SELECT IN_UNIT(a, 'cm'), IN_UNIT(a, 'km') * 1000 FROM cat."Few Rows" WHERE a = 2
--> (200.0, 2.0)

-- case: booleans compare with numbers
SELECT TOP 3 id FROM cat.objects WHERE flag = 1 ORDER BY id
--> (1,)
--> (3,)
--> (5,)

-- case: user-defined functions of text
SELECT a, ivo_hasword(t, 'THREE'), ivo_hashlist_has(t, 'dos'), ivo_nocasematch(t, 'ONE%') FROM cat."Few Rows" ORDER BY a
--> (1, 0, 0, 1)
--> (2, 0, 1, 0)
--> (3, 1, 0, 0)
--> (None, None, None, None)

-- case: a word is not a part of a word
SELECT a FROM cat."Few Rows" WHERE 1 = ivo_hasword(t, 'thre') OR 1 = ivo_hasword(t, '3')
--> (3,)

-- case: texts of a group
SELECT b, ivo_string_agg(LOWER(t), ';') FROM cat."Few Rows" WHERE b = 10 GROUP BY b
--> (10, 'one#uno')

-- case: a coordinate system that is ICRS, or not said
SELECT COORD1(POINT('', 1, 2)), COORD2(POINT('icrs', 1, 2)), COORDSYS(POINT(NULL, 1, 2)) FROM cat."Few Rows" WHERE a = 1
--> (1.0, 2.0, 'ICRS')

-- case: a flag that is no constant is a number
SELECT a, CONTAINS(p, CIRCLE(0, 0, 5)) FROM cat."Few Rows" WHERE CONTAINS(p, CIRCLE(0, 0, 5)) = a - 1 OR a IS NULL ORDER BY a
--> (None, None)
