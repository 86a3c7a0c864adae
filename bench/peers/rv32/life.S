# Thirty generations of Conway's game on a torus of 64 by 64 bytes: loads of bytes.
work:
	la	s1, now
	la	s2, next
	li	t0, 2463534242
	li	t1, 4096
	mv	t2, s1
seed:
	slli	t3, t0, 13
	xor	t0, t0, t3
	srli	t3, t0, 17
	xor	t0, t0, t3
	slli	t3, t0, 5
	xor	t0, t0, t3
	srli	t3, t0, 31
	sb	t3, 0(t2)
	addi	t2, t2, 1
	addi	t1, t1, -1
	bnez	t1, seed
	li	s3, 30
	li	s10, 4096
	li	s11, 1
	slli	s11, s11, 12
	addi	s11, s11, -64		# a row up, on the torus
generation:
	li	s4, 0			# the row's offset
row:
	add	s5, s4, s11
	addi	t0, s10, -1
	and	s5, s5, t0
	addi	s6, s4, 64
	and	s6, s6, t0
	add	s5, s1, s5		# the row above
	add	s6, s1, s6		# the row below
	add	s7, s1, s4
	add	s8, s2, s4
	li	s9, 0
cell:
	addi	t0, s9, -1
	andi	t0, t0, 63
	addi	t1, s9, 1
	andi	t1, t1, 63
	add	t2, s5, t0
	lbu	t3, 0(t2)
	add	t2, s5, s9
	lbu	t4, 0(t2)
	add	t3, t3, t4
	add	t2, s5, t1
	lbu	t4, 0(t2)
	add	t3, t3, t4
	add	t2, s7, t0
	lbu	t4, 0(t2)
	add	t3, t3, t4
	add	t2, s7, t1
	lbu	t4, 0(t2)
	add	t3, t3, t4
	add	t2, s6, t0
	lbu	t4, 0(t2)
	add	t3, t3, t4
	add	t2, s6, s9
	lbu	t4, 0(t2)
	add	t3, t3, t4
	add	t2, s6, t1
	lbu	t4, 0(t2)
	add	t3, t3, t4
	add	t2, s7, s9
	lbu	t4, 0(t2)
	or	t3, t3, t4		# 3 is life: three around, or two and itself
	addi	t3, t3, -3
	seqz	t3, t3
	add	t2, s8, s9
	sb	t3, 0(t2)
	addi	s9, s9, 1
	li	t0, 64
	bne	s9, t0, cell
	addi	s4, s4, 64
	bne	s4, s10, row
	mv	t0, s1
	mv	s1, s2
	mv	s2, t0
	addi	s3, s3, -1
	bnez	s3, generation
	li	a0, 0
	li	t0, 0
sum:
	slli	t1, a0, 5
	sub	a0, t1, a0
	add	t1, s1, t0
	lbu	t1, 0(t1)
	add	a0, a0, t1
	addi	t0, t0, 1
	bne	t0, s10, sum
	ret

	.data
now:	.zero	4096
next:	.zero	4096
