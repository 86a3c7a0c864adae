# The product of two matrices of 96 by 96 words: multiplications, strided loads.
work:
	la	s1, a
	la	s2, b
	mv	t0, s1
	mv	t1, s2
	li	t2, 0
	li	t3, 9216
	li	t4, 13
fill:
	slli	t5, t2, 3
	sub	t5, t5, t2
	addi	t5, t5, 1
	andi	t5, t5, 255
	sw	t5, 0(t0)		# 7i + 1
	mul	t5, t2, t4
	addi	t5, t5, 5
	andi	t5, t5, 255
	sw	t5, 0(t1)		# 13i + 5
	addi	t0, t0, 4
	addi	t1, t1, 4
	addi	t2, t2, 1
	bne	t2, t3, fill
	li	a0, 0
	mv	s3, s1			# the row
	li	s4, 96
row:
	mv	s5, s2			# the column
	li	s6, 96
column:
	mv	t0, s3
	mv	t1, s5
	li	t2, 96
	li	t3, 0
product:
	lw	t4, 0(t0)
	lw	t5, 0(t1)
	mul	t4, t4, t5
	add	t3, t3, t4
	addi	t0, t0, 4
	addi	t1, t1, 384
	addi	t2, t2, -1
	bnez	t2, product
	slli	t4, a0, 5
	sub	a0, t4, a0
	add	a0, a0, t3		# 31 times the sum so far, and this one
	addi	s5, s5, 4
	addi	s6, s6, -1
	bnez	s6, column
	addi	s3, s3, 384
	addi	s4, s4, -1
	bnez	s4, row
	ret

	.data
a:	.zero	36864
b:	.zero	36864
