# 20,000 blocks through Speck 64/128: additions, rotations, exclusive ors.
work:
	la	s1, keys
	li	t0, 0			# the round
	li	t1, 0x03020100		# the round's key
	la	t2, rest
	li	t3, 0x0b0a0908
	sw	t3, 0(t2)
	li	t3, 0x13121110
	sw	t3, 4(t2)
	li	t3, 0x1b1a1918
	sw	t3, 8(t2)
	li	t5, 27
expand:
	slli	t3, t0, 2
	add	t3, s1, t3
	sw	t1, 0(t3)
	lw	t3, 0(t2)
	srli	t4, t3, 8
	slli	t3, t3, 24
	or	t3, t3, t4
	add	t3, t3, t1
	xor	t3, t3, t0
	sw	t3, 12(t2)
	addi	t2, t2, 4
	slli	t4, t1, 3
	srli	t1, t1, 29
	or	t1, t1, t4
	xor	t1, t1, t3
	addi	t0, t0, 1
	bne	t0, t5, expand
	addi	s2, s1, 108		# the end of the keys
	li	a0, 0x7475432d
	li	a1, 0x3b726574
	li	s3, 20000
block:
	xor	a0, a0, s3		# each block is the one before and its number
	mv	t0, s1
round:
	lw	t1, 0(t0)
	srli	t2, a1, 8
	slli	a1, a1, 24
	or	a1, a1, t2
	add	a1, a1, a0
	xor	a1, a1, t1
	slli	t2, a0, 3
	srli	a0, a0, 29
	or	a0, a0, t2
	xor	a0, a0, a1
	addi	t0, t0, 4
	bne	t0, s2, round
	addi	s3, s3, -1
	bnez	s3, block
	ret

	.data
keys:	.zero	108
rest:	.zero	120
