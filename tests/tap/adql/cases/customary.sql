-- What other services and the examples of archives write, beyond the standard. Each case as in language.sql.

-- case: everything and an expression
SELECT *, a + 1 AS c FROM cat."Few Rows" WHERE a = 1
--> (1, 10, 'one#uno', (0.0, 0.0), 2)

-- case: an expression and everything, twice
SELECT -a AS c, * , f.* FROM cat."Few Rows" AS f WHERE a = 1
--> (-1, 1, 10, 'one#uno', (0.0, 0.0), 1, 10, 'one#uno', (0.0, 0.0))

-- case: a semicolon at the end
SELECT a FROM cat."Few Rows" WHERE a = 1 ;
--> (1,)

-- case: a number directly before a word
SELECT 89x, 7AS y, a FROM cat."Few Rows" WHERE a>1AND a<4ORDER BY 3desc
--> (89, 7, 3)
--> (89, 7, 2)

-- case: numbers with zeros in front
SELECT 007, 0, 00, 1e2, 0.5 FROM cat."Few Rows" WHERE a = 1
--> (7, 0, 0, 100.0, 0.5)

-- case: a choice by conditions
SELECT a, CASE WHEN a < 2 THEN 'low' WHEN a = 2 THEN 'middle' ELSE t END FROM cat."Few Rows" ORDER BY b, a
--> (1, 'low')
--> (2, 'middle')
--> (3, 'three 3')
--> (None, None)

-- case: a choice by a value, without ELSE
SELECT CASE b WHEN 10 THEN 1 WHEN 40 THEN 2.5 END AS c FROM cat."Few Rows" ORDER BY b, a
--> (1.0,)
--> (None,)
--> (None,)
--> (2.5,)

-- case: choices inside each other, in a condition and in an aggregate
SELECT SUM(CASE WHEN b = 20 THEN CASE a WHEN 2 THEN 1 ELSE 100 END ELSE 0 END)
FROM cat."Few Rows" WHERE CASE WHEN a IS NULL THEN 0 ELSE 1 END = 1
--> (101,)

-- case: grouping by a choice
SELECT CASE WHEN b > 10 THEN 'more' ELSE 'less' END AS c, COUNT(*) FROM cat."Few Rows"
GROUP BY CASE WHEN b > 10 THEN 'more' ELSE 'less' END ORDER BY c
--> ('less', 1)
--> ('more', 3)

-- case: a guard before a division
SELECT a, CASE WHEN a <> 2 THEN 12 / (a - 2) ELSE 0 END FROM cat."Few Rows" WHERE a > 0 ORDER BY a
--> (1, -12)
--> (2, 0)
--> (3, 12)

-- case: NULLIF
SELECT NULLIF(a, 2), NULLIF(t, 'three 3'), NULLIF(a * 2 + b - a - a - b + 3 * a - 2 * a, 3), NULLIF(a, NULL)
FROM cat."Few Rows" WHERE a > 1 ORDER BY a
--> (None, 'Two#dos', 2, 2)
--> (3, None, None, 3)

-- case: NULLIF of aggregates
SELECT NULLIF(SUM(b), MAX(b) + 50), NULLIF(MAX(b), MIN(b)) FROM cat."Few Rows"
--> (None, 40)

-- case: a query as a value
SELECT a, (SELECT MAX(b) FROM cat."Few Rows") - b AS c FROM cat."Few Rows" WHERE b > (SELECT MIN(b) FROM cat."Few Rows")
ORDER BY c, a
--> (None, 0)
--> (2, 20)
--> (3, 20)

-- case: a query as a value that looks outside, in two pairs of parentheses
SELECT f.a, ((SELECT COUNT(*) FROM cat."Few Rows" AS g WHERE g.b <= f.b)) FROM cat."Few Rows" AS f WHERE f.a > 0 ORDER BY f.a
--> (1, 1)
--> (2, 3)
--> (3, 3)

-- case: a query as a value without rows
SELECT COALESCE((SELECT a FROM cat."Few Rows" WHERE a > 9), -1) FROM cat."Few Rows" WHERE a = 1
--> (-1,)

-- case: IN a query in two pairs of parentheses is IN a query
SELECT a FROM cat."Few Rows" WHERE a IN ((SELECT id FROM cat.objects WHERE id < 3)) ORDER BY a
--> (1,)
--> (2,)
