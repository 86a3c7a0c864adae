# The longest of the chains 3n + 1 that begin below 20,000: a branch for each number.
work:
	li	a0, 0			# the number that has it
	li	a1, 0			# its length
	li	s1, 1
	li	s2, 20000
	li	s3, 1
number:
	mv	t0, s1
	li	t1, 0
step:
	beq	t0, s3, arrived
	addi	t1, t1, 1
	andi	t2, t0, 1
	bnez	t2, odd
	srli	t0, t0, 1
	j	step
odd:
	slli	t2, t0, 1
	add	t0, t0, t2
	addi	t0, t0, 1
	j	step
arrived:
	bgeu	a1, t1, shorter
	mv	a1, t1
	mv	a0, s1
shorter:
	addi	s1, s1, 1
	bne	s1, s2, number
	slli	a1, a1, 16
	add	a0, a0, a1
	ret
