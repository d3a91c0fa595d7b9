-- Operations that are undefined for a row: no value, and never an error. Each case as in language.sql.

-- case: functions outside their domain
SELECT SQRT(-1), LOG(0), LOG(-1), LOG10(-1), ACOS(1.0000000001), ASIN(-2), COT(0), POWER(-8, 1/3.0), POWER(0, -1), MOD(5, 0)
FROM cat."Few Rows" WHERE a = 1
--> (None, None, None, None, None, None, None, None, None, None)

-- case: functions at the edge of their domain
SELECT SQRT(0), ACOS(1), ROUND(DEGREES(ASIN(-1)), 9), POWER(-2, 3), POWER(0, 0), POWER(-2, -1), LOG(1)
FROM cat."Few Rows" WHERE a = 1
--> (0.0, 0.0, -90.0, -8.0, 1.0, -0.5, 0.0)

-- case: functions of infinities
SELECT SIN(b * 1e308), COS(-b * 1e308), TAN(EXP(b * 100)), FLOOR(1 / (b * 1e308)) FROM cat."Few Rows" WHERE a = 1
--> (None, None, None, 0.0)

-- case: division by zero
SELECT 1/0, 1.5/0, a/(a-1), MOD(a, a-1), 7/(b-20) FROM cat."Few Rows" WHERE a < 3 ORDER BY a
--> (None, None, None, None, 0)
--> (None, None, 2, 0, None)

-- case: one bad row among good ones
SELECT a, LOG10(2 - a), SQRT(a - 2), ROUND(ACOS(a - 1), 6) FROM cat."Few Rows" ORDER BY b, a
--> (1, 0.0, None, 1.570796)
--> (2, None, 0.0, 0.0)
--> (3, None, 1.0, None)
--> (None, None, None, None)

-- case: conditions that are unknown for a row
SELECT a FROM cat."Few Rows" WHERE (a < 2 AND LOG10(2 - a) = 0) OR (a >= 2 AND SQRT(a - 2) <= 1) ORDER BY a
--> (1,)
--> (2,)
--> (3,)

-- case: functions of aggregates and of random numbers
SELECT SQRT(MIN(a) - 5), LOG10(SUM(b) + 10), SQRT(-1 - RAND()), COUNT(*) FROM cat."Few Rows"
--> (None, 2.0, None, 4)

-- case: functions of functions of long expressions
SELECT SQRT(SQRT(SQRT(SQRT(SQRT(SQRT(a * a * 1.0 + b - b + a - a)))))) - 1, LOG(LOG(LOG(LOG(LOG(a + b)))))
FROM cat."Few Rows" WHERE a = 1
--> (0.0, None)

-- case: integers that overflow
SELECT a * 2147483647, -a * 2147483647 - a - a, CAST(a AS BIGINT) * 9223372036854775807, ABS(a * 1 - 2147483647 - 3)
FROM cat."Few Rows" WHERE a = 2
--> (None, None, None, None)

-- case: integers that just fit
SELECT a * 2147483647, -a * 2147483647 - a, a * 9223372036854775807, -9223372036854775808, 2147483647 + 1
FROM cat."Few Rows" WHERE a = 1
--> (2147483647, -2147483648, 9223372036854775807, -9223372036854775808, 2147483648)

-- case: sums and products of aggregates that overflow
SELECT SUM(a) * 1537228672809129301, SUM(a) * 1537228672809129302, SUM(a * 3074457345618258602), -SUM(a), MAX(a) + 2147483647
FROM cat."Few Rows"
--> (9223372036854775806, None, None, -6, None)

-- case: casts of what has no value
SELECT CAST(t AS INTEGER), CAST(t AS DOUBLE PRECISION), CAST(t AS TIMESTAMP), CAST(b * 1e9 AS INTEGER), CAST(b AS SMALLINT)
FROM cat."Few Rows" WHERE a = 1
--> (None, None, None, None, 10)

-- case: times keep the instant of their offset
SELECT CAST(CAST('2024-01-02T03:04:05+02:00' AS TIMESTAMP) AS VARCHAR), CAST(CAST('1850-01-02 03:04:05.25Z' AS TIMESTAMP) AS VARCHAR),
CAST(CAST('2024-01-02' AS TIMESTAMP) AS VARCHAR), ivo_to_mjd('1858-11-17T02:00:00+02:00')
FROM cat."Few Rows" WHERE a = 1
--> ('2024-01-02T01:04:05', '1850-01-02T03:04:05.25', '2024-01-02T00:00:00', 0.0)
