# Mandelbrot's set in 96 by 64 points, numbers with 28 bits behind the point: long multiplications.
work:
	li	a0, 0
	li	s1, 0xf0000000		# the imaginary part, from -1
	li	s2, 64
line:
	li	s3, 0xe0000000		# the real part, from -2
	li	s4, 96
point:
	li	t0, 0			# real
	li	t1, 0			# imaginary
	li	t2, 100
	li	s5, 0x04000000		# 4, with 24 bits behind the point
iterate:
	mulh	t3, t0, t0		# squares, with 24 bits
	mulh	t4, t1, t1
	add	t5, t3, t4
	bge	t5, s5, escaped
	mulh	t1, t0, t1
	slli	t1, t1, 5
	add	t1, t1, s1
	sub	t0, t3, t4
	slli	t0, t0, 4
	add	t0, t0, s3
	addi	t2, t2, -1
	bnez	t2, iterate
escaped:
	slli	t3, a0, 5
	sub	a0, t3, a0
	add	a0, a0, t2
	li	t3, 0x00800000
	add	s3, s3, t3
	addi	s4, s4, -1
	bnez	s4, point
	add	s1, s1, t3
	addi	s2, s2, -1
	bnez	s2, line
	ret

