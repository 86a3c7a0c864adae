# The greatest common divisors of 200,000 pairs, by Euclid: divisions.
work:
	li	a0, 0
	li	t0, 2463534242
	li	t1, 200000
pair:
	slli	t2, t0, 13
	xor	t0, t0, t2
	srli	t2, t0, 17
	xor	t0, t0, t2
	slli	t2, t0, 5
	xor	t0, t0, t2
	srli	t2, t0, 16
	slli	t3, t0, 16
	srli	t3, t3, 16
	j	test
divide:
	remu	t4, t2, t3
	mv	t2, t3
	mv	t3, t4
test:
	bnez	t3, divide
	add	a0, a0, t2
	addi	t1, t1, -1
	bnez	t1, pair
	ret
